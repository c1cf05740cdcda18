package io.sparkllama.engine.importer.family;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Says which tensors of a checkpoint become one of the GGUF, and how. In names {@code {}} stands
 * for the layer's number, and {@code []} for an expert's.
 *
 * @param target the GGUF's name
 * @param sources the checkpoint's names; rows of several are put one after the other
 * @param shape outermost first, as checkpoints have it: {@code [outputs, inputs]} for a matrix;
 *     with the experts before that where each has a matrix
 * @param order of the rows
 * @param addend what is added to every element, 0 but for norms that are stored without their 1
 * @param optional whether a checkpoint may lack it
 */
public record TensorRule(
    String target,
    List<String> sources,
    List<Width> shape,
    RowOrder order,
    float addend,
    boolean optional) {
  public TensorRule {
    sources = List.copyOf(sources);
    shape = List.copyOf(shape);
  }

  /** Begins a rule for a tensor of this name and shape, which must be there. */
  public static TensorRule of(String target, Width... shape) {
    return new TensorRule(target, List.of(), List.of(shape), RowOrder.AS_STORED, 0, false);
  }

  /** Takes the rows of these tensors of the checkpoint. */
  public TensorRule from(String... names) {
    return new TensorRule(target, List.of(names), shape, order, addend, optional);
  }

  public TensorRule ordered(RowOrder newOrder) {
    return new TensorRule(target, sources, shape, newOrder, addend, optional);
  }

  /** Adds 1 to every element. */
  public TensorRule plusOne() {
    return new TensorRule(target, sources, shape, order, 1, optional);
  }

  public TensorRule orAbsent() {
    return new TensorRule(target, sources, shape, order, addend, true);
  }

  /** Returns whether each layer has one. */
  public boolean perLayer() {
    return target.contains("{}");
  }

  /** Returns whether each expert of a layer has a tensor in the checkpoint. */
  public boolean perExpert() {
    return sources.stream().anyMatch(source -> source.contains("[]"));
  }

  /** Returns a name with the layer's number in its place. */
  public static String named(String pattern, int layer) {
    return pattern.replace("{}", Integer.toString(layer));
  }

  /**
   * Returns the checkpoint's names.
   *
   * @param experts of a layer
   */
  public List<String> sourceNames(int layer, int experts) {
    return sources.stream()
        .map(source -> named(source, layer))
        .flatMap(
            source ->
                perExpert()
                    ? IntStream.range(0, experts)
                        .mapToObj(expert -> source.replace("[]", Integer.toString(expert)))
                    : Stream.of(source))
        .toList();
  }
}
