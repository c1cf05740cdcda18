package io.sparkllama.engine.importer.checkpoint;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Dictionary;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Items;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Mark;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Name;
import io.sparkllama.engine.importer.checkpoint.PickleValue.None;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Plain;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Tuple;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the pickle of a file of tensors by a list of what may stand in it. A pickle is a program
 * that may call anything; here it can name a few functions, which are not called but stand for
 * tensors, and everything else is refused by name. Each instruction takes a bounded amount of
 * memory, so that all of it is in proportion to the pickle's length.
 */
final class PickleReader {
  private final Path path;
  private final ByteBuffer in;
  private final List<PickleValue> stack = new ArrayList<>();
  private final Map<Integer, PickleValue> memo = new HashMap<>();
  private final TorchNames names;

  private PickleReader(Path path, ByteBuffer pickle) {
    this.path = path;
    this.in = pickle.order(ByteOrder.LITTLE_ENDIAN);
    this.names = new TorchNames(path);
  }

  /**
   * Returns what the pickle holds.
   *
   * @throws ModelFormatException where it is damaged, or holds anything but tensors
   */
  static PickleValue read(Path path, ByteBuffer pickle) {
    return new PickleReader(path, pickle).read();
  }

  private PickleValue read() {
    try {
      int code = next();
      while (code != '.') {
        step(code);
        code = next();
      }
      PickleValue result = pop();
      if (!stack.isEmpty()) {
        throw failure("leaves values on its stack");
      }
      return result;
    } catch (BufferUnderflowException e) {
      throw new ModelFormatException("the pickle ends in the middle: " + path, e);
    }
  }

  private void step(int code) {
    switch (code) {
      case 0x80 -> protocol();
      case '(' -> push(new Mark());
      case 'N' -> push(new None());
      case 0x88 -> push(new Plain(true));
      case 0x89 -> push(new Plain(false));
      case 'K' -> push(new Plain((long) next()));
      case 'M' -> push(new Plain((long) Short.toUnsignedInt(in.getShort())));
      case 'J' -> push(new Plain((long) in.getInt()));
      case 0x8a -> push(new Plain(longNumber()));
      case 'G' -> push(new Plain(Double.longBitsToDouble(Long.reverseBytes(in.getLong()))));
      case 'X' -> push(new Plain(text(in.getInt())));
      case 0x8c -> push(new Plain(text(next())));
      case ']' -> push(new Items(new ArrayList<>()));
      case '}' -> push(new Dictionary(new LinkedHashMap<>()));
      case ')' -> push(new Tuple(List.of()));
      case 0x85 -> push(new Tuple(last(1)));
      case 0x86 -> push(new Tuple(last(2)));
      case 0x87 -> push(new Tuple(last(3)));
      case 't' -> push(new Tuple(sinceMark()));
      case 'a' -> append(last(1));
      case 'e' -> append(sinceMark());
      case 's' -> set(last(2));
      case 'u' -> set(sinceMark());
      case 'q' -> memo.put(next(), top());
      case 'r' -> memo.put(in.getInt(), top());
      case 'h' -> push(remembered(next()));
      case 'j' -> push(remembered(in.getInt()));
      case 'c' -> push(names.of(line(), line()));
      case 'Q' -> push(names.storage(pop()));
      case 'R' -> call();
      case 'b' -> state();
      default -> throw failure("has the instruction 0x%02x, which is not allowed".formatted(code));
    }
  }

  private void protocol() {
    int version = next();
    if (version < 2 || version > 5) {
      throw failure("is of version " + version + ", which is not known");
    }
  }

  private long longNumber() {
    int length = next();
    if (length > Long.BYTES) {
      throw failure("has a number of more than 64 bits");
    }
    long number = 0;
    for (int i = 0; i < length; i++) {
      number |= (long) next() << 8 * i;
    }
    int unused = Long.SIZE - 8 * length;
    return length == 0 ? 0 : number << unused >> unused;
  }

  private String text(int length) {
    if (length < 0 || length > in.remaining()) {
      throw failure("has a text that is longer than the rest of it");
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private String line() {
    StringBuilder line = new StringBuilder();
    for (int next = next(); next != '\n'; next = next()) {
      line.append((char) next);
    }
    return line.toString();
  }

  private void append(List<PickleValue> values) {
    if (!(top() instanceof Items list)) {
      throw failure("appends to what is no list");
    }
    list.values().addAll(values);
  }

  private void set(List<PickleValue> keysAndValues) {
    if (!(top() instanceof Dictionary dictionary) || keysAndValues.size() % 2 != 0) {
      throw failure("sets values of what is no dictionary");
    }
    for (int i = 0; i < keysAndValues.size(); i += 2) {
      if (!(keysAndValues.get(i) instanceof Plain key)) {
        throw failure("has a key that is neither a text nor a number");
      }
      if (dictionary.values().put(key, keysAndValues.get(i + 1)) != null) {
        throw failure(
            "has the same key twice, " + ZipDirectory.printable(String.valueOf(key.value())));
      }
    }
  }

  private void call() {
    List<PickleValue> nameAndArguments = last(2);
    if (!(nameAndArguments.get(0) instanceof Name name)
        || !(nameAndArguments.get(1) instanceof Tuple arguments)) {
      throw failure("calls what is no function");
    }
    push(names.called(name, arguments.values()));
  }

  /** A dictionary's state is a note about versions, which says nothing about weights. */
  private void state() {
    pop();
    if (!(top() instanceof Dictionary)) {
      throw failure("sets the state of what is no dictionary");
    }
  }

  private PickleValue remembered(int index) {
    PickleValue value = memo.get(index);
    if (value == null) {
      throw failure("asks for a value that it has not stored");
    }
    return value;
  }

  private int next() {
    return Byte.toUnsignedInt(in.get());
  }

  private void push(PickleValue value) {
    stack.add(value);
  }

  private PickleValue top() {
    if (stack.isEmpty()) {
      throw failure("takes a value from an empty stack");
    }
    return stack.get(stack.size() - 1);
  }

  private PickleValue pop() {
    PickleValue value = top();
    stack.remove(stack.size() - 1);
    return value;
  }

  private List<PickleValue> last(int count) {
    if (stack.size() < count) {
      throw failure("takes a value from an empty stack");
    }
    return taken(stack.size() - count, stack.size() - count);
  }

  private List<PickleValue> sinceMark() {
    int mark = stack.size() - 1;
    while (mark >= 0 && !(stack.get(mark) instanceof Mark)) {
      mark--;
    }
    if (mark < 0) {
      throw failure("asks for a mark that it has not set");
    }
    return taken(mark + 1, mark);
  }

  /** Returns the values from {@code first} on, and cuts the stack at {@code newSize}. */
  private List<PickleValue> taken(int first, int newSize) {
    List<PickleValue> values = List.copyOf(stack.subList(first, stack.size()));
    stack.subList(newSize, stack.size()).clear();
    return values;
  }

  private ModelFormatException failure(String problem) {
    return new ModelFormatException("the pickle " + problem + ": " + path);
  }
}
