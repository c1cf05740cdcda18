package io.sparkllama.engine.store;

import java.util.HexFormat;

/**
 * Names the content of a packed file: the model, the layout, the kind of device and the weights in
 * it.
 *
 * @param text 64 hexadecimal digits
 */
record PackedKey(String text) {
  /** The kind of device whose kernels read the file. */
  static final String DEVICE = "cpu";

  /** Makes the key of a model's weights. */
  static PackedKey of(ModelIdentity model, PackedPlan plan) {
    ModelIdentity.Digest digest = new ModelIdentity.Digest("spark-llama packed model");
    digest.number(PackedLayout.VERSION).text(DEVICE).text(model.text());
    for (PackedTensor tensor : plan.tensors()) {
      digest.number(tensor.role().ordinal()).number(tensor.layer()).number(tensor.expert());
      digest.number(tensor.source().type().id()).number(tensor.rows()).number(tensor.columns());
      // A file may be replaced between its reading and its identification.
      digest.number(tensor.source().part()).number(tensor.source().offset());
    }
    return new PackedKey(digest.finished());
  }

  /** Returns 32 bytes. */
  byte[] bytes() {
    return HexFormat.of().parseHex(text);
  }
}
