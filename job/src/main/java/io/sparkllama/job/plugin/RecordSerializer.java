package io.sparkllama.job.plugin;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes a record's components in order and makes it by its own constructor: Spark's Kryo sets
 * fields, which records do not allow. Lists, maps and optionals are written by their contents,
 * since those that {@code List.of} and its like make cannot be rebuilt by Kryo.
 */
final class RecordSerializer<T extends Record> extends Serializer<T> {
  private final RecordComponent[] components;
  private final Constructor<T> constructor;

  RecordSerializer(Class<T> type) {
    super(false, true);
    components = type.getRecordComponents();
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    try {
      constructor = type.getDeclaredConstructor(types);
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException("every record has its canonical constructor", e);
    }
    constructor.setAccessible(true);
    for (RecordComponent component : components) {
      component.getAccessor().setAccessible(true);
    }
  }

  @Override
  public void write(Kryo kryo, Output output, T record) {
    for (RecordComponent component : components) {
      Object value;
      try {
        value = component.getAccessor().invoke(record);
      } catch (ReflectiveOperationException e) {
        throw new KryoException("a record's component cannot be read: " + component, e);
      }
      writeValue(kryo, output, component.getType(), value);
    }
  }

  private static void writeValue(Kryo kryo, Output output, Class<?> type, Object value) {
    if (type == Optional.class) {
      kryo.writeClassAndObject(output, ((Optional<?>) value).orElse(null));
    } else if (type == List.class) {
      List<?> list = (List<?>) value;
      output.writeInt(list.size(), true);
      list.forEach(element -> kryo.writeClassAndObject(output, element));
    } else if (type == Map.class) {
      Map<?, ?> map = (Map<?, ?>) value;
      output.writeInt(map.size(), true);
      map.forEach(
          (key, element) -> {
            kryo.writeClassAndObject(output, key);
            kryo.writeClassAndObject(output, element);
          });
    } else {
      kryo.writeClassAndObject(output, value);
    }
  }

  @Override
  public T read(Kryo kryo, Input input, Class<T> type) {
    Object[] values = new Object[components.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = readValue(kryo, input, components[i].getType());
    }
    try {
      return constructor.newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new KryoException("a record cannot be made: " + type.getName(), e);
    }
  }

  private static Object readValue(Kryo kryo, Input input, Class<?> type) {
    if (type == Optional.class) {
      return Optional.ofNullable(kryo.readClassAndObject(input));
    }
    if (type == List.class) {
      int size = input.readInt(true);
      List<Object> list = new ArrayList<>();
      for (int i = 0; i < size; i++) {
        list.add(kryo.readClassAndObject(input));
      }
      return list;
    }
    if (type == Map.class) {
      int size = input.readInt(true);
      Map<Object, Object> map = new LinkedHashMap<>();
      for (int i = 0; i < size; i++) {
        Object key = kryo.readClassAndObject(input);
        map.put(key, kryo.readClassAndObject(input));
      }
      return map;
    }
    return kryo.readClassAndObject(input);
  }
}
