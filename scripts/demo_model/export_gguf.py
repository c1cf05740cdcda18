"""Writes the trained demo model as GGUF: F32, F16 or Q8_0.

Reads the folder that train.py wrote. Norm weights stay F32 in every type, as in other converters' files.

Usage: export_gguf.py --weights DIR --type Q8_0 --out tickets-6m.Q8_0.gguf
"""

import argparse
import glob
import os

import conversation
import gguf
import numpy
import sentencepiece
from shape import Shape

TYPES = {
    "F32": gguf.GGMLQuantizationType.F32,
    "F16": gguf.GGMLQuantizationType.F16,
    "Q8_0": gguf.GGMLQuantizationType.Q8_0,
}


def read_weights(folder):
    """Returns the tensors of train.py by name, widened to float32."""
    weights = {}
    for path in sorted(glob.glob(os.path.join(folder, "weights-*.npz"))):
        with numpy.load(path) as part:
            weights.update({name: part[name].astype(numpy.float32) for name in part.files})
    if not weights:
        raise SystemExit(f"no weights-*.npz in {folder}: run train.py first")
    return weights


def add_vocabulary(writer, processor):
    tokens, scores, types = [], [], []
    for index in range(processor.get_piece_size()):
        tokens.append(processor.id_to_piece(index).encode())
        scores.append(processor.get_score(index))
        if processor.is_unknown(index):
            types.append(gguf.TokenType.UNKNOWN)
        elif processor.is_control(index):
            types.append(gguf.TokenType.CONTROL)
        elif processor.is_byte(index):
            types.append(gguf.TokenType.BYTE)
        else:
            types.append(gguf.TokenType.NORMAL)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(processor.bos_id())
    writer.add_eos_token_id(processor.eos_id())
    writer.add_unk_token_id(processor.unk_id())
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(conversation.CHAT_TEMPLATE)


def add_shape(writer, shape):
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head)
    writer.add_value_length(shape.head)
    writer.add_rope_dimension_count(shape.head)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_vocab_size(shape.vocabulary)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--type", choices=sorted(TYPES), required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    processor = sentencepiece.SentencePieceProcessor(model_file=os.path.join(arguments.weights, "vocabulary.model"))
    writer = gguf.GGUFWriter(arguments.out, "llama")
    writer.add_name("tickets-6m")
    writer.add_description("A small model of support tickets, trained on generated text; for demonstrations only")
    writer.add_license("apache-2.0")
    add_shape(writer, Shape())
    add_vocabulary(writer, processor)
    for name, tensor in sorted(read_weights(arguments.weights).items()):
        kind = TYPES[arguments.type] if tensor.ndim == 2 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(name, gguf.quants.quantize(tensor, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
