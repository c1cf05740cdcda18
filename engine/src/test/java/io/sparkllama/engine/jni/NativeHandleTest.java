package io.sparkllama.engine.jni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class NativeHandleTest {
  @Test
  void closesOnce() {
    List<Long> destroyed = new ArrayList<>();
    NativeHandle handle = new NativeHandle("thing", 7, destroyed::add);
    assertThat(handle.address()).isEqualTo(7);
    handle.close();
    handle.close();
    assertThat(destroyed).containsExactly(7L);
    assertThatThrownBy(handle::address)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("thing");
  }
}
