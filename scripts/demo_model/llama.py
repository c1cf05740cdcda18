"""Defines the demo model in PyTorch: a Llama of width 256, as GGUF stores it (RoPE rotates adjacent pairs)."""

import torch
from torch import nn
from torch.nn import functional


class RmsNorm(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.width))
        self.epsilon = shape.epsilon

    def forward(self, x):
        wide = x if x.dtype == torch.float64 else x.float()
        normed = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.epsilon)
        return normed.to(x.dtype) * self.weight


def rotate(x, cosine, sine):
    """Rotates adjacent pairs: x [batch, positions, heads, head]; cosine, sine [positions, head / 2]."""
    even, odd = x[..., 0::2], x[..., 1::2]
    cosine, sine = cosine[None, :, None, :].to(x.dtype), sine[None, :, None, :].to(x.dtype)
    return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), dim=-1).flatten(-2)


class Layer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.attn_norm = RmsNorm(shape)
        self.attn_q = nn.Linear(shape.width, shape.heads * shape.head, bias=False)
        self.attn_k = nn.Linear(shape.width, shape.kv_heads * shape.head, bias=False)
        self.attn_v = nn.Linear(shape.width, shape.kv_heads * shape.head, bias=False)
        self.attn_output = nn.Linear(shape.heads * shape.head, shape.width, bias=False)
        self.ffn_norm = RmsNorm(shape)
        self.ffn_gate = nn.Linear(shape.width, shape.feed_forward, bias=False)
        self.ffn_up = nn.Linear(shape.width, shape.feed_forward, bias=False)
        self.ffn_down = nn.Linear(shape.feed_forward, shape.width, bias=False)

    def forward(self, x, cosine, sine):
        shape, (batch, positions, _) = self.shape, x.shape
        normed = self.attn_norm(x)
        q = rotate(self.attn_q(normed).view(batch, positions, shape.heads, shape.head), cosine, sine)
        k = rotate(self.attn_k(normed).view(batch, positions, shape.kv_heads, shape.head), cosine, sine)
        v = self.attn_v(normed).view(batch, positions, shape.kv_heads, shape.head)
        repeat = shape.heads // shape.kv_heads
        k, v = k.repeat_interleave(repeat, dim=2), v.repeat_interleave(repeat, dim=2)
        mixed = functional.scaled_dot_product_attention(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True
        )
        x = x + self.attn_output(mixed.transpose(1, 2).reshape(batch, positions, -1))
        normed = self.ffn_norm(x)
        return x + self.ffn_down(functional.silu(self.ffn_gate(normed)) * self.ffn_up(normed))


class Llama(nn.Module):
    """Maps token ids [batch, positions] to logits [batch, positions, vocabulary]; the output is not tied."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.output_norm = RmsNorm(shape)
        self.output = nn.Linear(shape.width, shape.vocabulary, bias=False)
        frequency = shape.rope_base ** (-torch.arange(0, shape.head, 2, dtype=torch.float64) / shape.head)
        angle = torch.arange(shape.context, dtype=torch.float64)[:, None] * frequency[None, :]
        self.register_buffer("cosine", angle.cos().float(), persistent=False)
        self.register_buffer("sine", angle.sin().float(), persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                deep = name.endswith(("attn_output.weight", "ffn_down.weight"))
                nn.init.normal_(parameter, std=0.02 / (2 * shape.layers) ** 0.5 if deep else 0.02)

    def forward(self, ids):
        x = self.token_embd(ids)
        cosine, sine = self.cosine[: ids.shape[1]], self.sine[: ids.shape[1]]
        for layer in self.blk:
            x = layer(x, cosine, sine)
        return self.output(self.output_norm(x))
