package io.sparkllama.engine.importer.checkpoint;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Dictionary;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Name;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Plain;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Storage;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Tensor;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Tuple;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Knows the names of Python that a pickle of tensors may use, and what calls of them stand for. */
final class TorchNames {
  private static final String DICTIONARY = "collections.OrderedDict";
  private static final String TENSOR = "torch._utils._rebuild_tensor_v2";
  private static final String PARAMETER = "torch._utils._rebuild_parameter";
  private static final Set<String> FUNCTIONS = Set.of(DICTIONARY, TENSOR, PARAMETER);

  private static final Map<String, ElementType> STORAGES =
      Map.of(
          "torch.FloatStorage", ElementType.F32,
          "torch.HalfStorage", ElementType.F16,
          "torch.BFloat16Storage", ElementType.BF16,
          "torch.DoubleStorage", ElementType.F64,
          "torch.LongStorage", ElementType.I64,
          "torch.IntStorage", ElementType.I32,
          "torch.ShortStorage", ElementType.I16,
          "torch.CharStorage", ElementType.I8,
          "torch.ByteStorage", ElementType.U8,
          "torch.BoolStorage", ElementType.BOOL);

  private static final int MOST_DIMENSIONS = 8;

  private final Path path;

  TorchNames(Path path) {
    this.path = path;
  }

  /** Returns a name, if it is one of those that tensors are made by. */
  Name of(String module, String name) {
    String whole = module + "." + name;
    if (!FUNCTIONS.contains(whole) && !STORAGES.containsKey(whole)) {
      throw failure(
          "names what no tensor is made by, and was not run: " + ZipDirectory.printable(whole));
    }
    return new Name(whole);
  }

  /** Returns the storage that a persistent id describes: kind, type, key, place, elements. */
  Storage storage(PickleValue id) {
    if (id instanceof Tuple tuple
        && tuple.values().size() == 5
        && tuple.values().get(0).equals(new Plain("storage"))
        && tuple.values().get(1) instanceof Name name
        && STORAGES.containsKey(name.name())
        && tuple.values().get(2) instanceof Plain key
        && key.value() instanceof String text
        && tuple.values().get(4) instanceof Plain elements
        && elements.value() instanceof Long count
        && count >= 0) {
      return new Storage(STORAGES.get(name.name()), text, count);
    }
    throw failure("describes a storage in a way that is not known");
  }

  /** Returns what a call stands for. */
  PickleValue called(Name function, List<PickleValue> arguments) {
    switch (function.name()) {
      case DICTIONARY -> {
        if (arguments.isEmpty()) {
          return new Dictionary(new LinkedHashMap<>());
        }
      }
      case PARAMETER -> {
        if (arguments.size() == 3 && arguments.get(0) instanceof Tensor tensor) {
          return tensor;
        }
      }
      case TENSOR -> {
        if (arguments.size() >= 6
            && arguments.get(0) instanceof Storage storage
            && arguments.get(1) instanceof Plain offset
            && offset.value() instanceof Long start) {
          return new Tensor(storage, start, numbers(arguments.get(2)), numbers(arguments.get(3)));
        }
      }
      default -> {}
    }
    throw failure("calls with arguments that are not known: " + function.name());
  }

  private List<Long> numbers(PickleValue value) {
    List<Long> numbers = new ArrayList<>();
    if (value instanceof Tuple tuple && tuple.values().size() <= MOST_DIMENSIONS) {
      for (PickleValue element : tuple.values()) {
        if (element instanceof Plain plain && plain.value() instanceof Long number && number >= 0) {
          numbers.add(number);
        } else {
          throw failure("gives a tensor a shape that is no row of numbers");
        }
      }
      return numbers;
    }
    throw failure("gives a tensor a shape that is no row of numbers");
  }

  private ModelFormatException failure(String problem) {
    return new ModelFormatException("the pickle " + problem + ": " + path);
  }
}
