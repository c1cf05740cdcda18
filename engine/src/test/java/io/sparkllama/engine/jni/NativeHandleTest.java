package io.sparkllama.engine.jni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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

  @Test
  void whatIsForgottenIsFreed() throws InterruptedException {
    CountDownLatch destroyed = new CountDownLatch(1);
    forget(destroyed);
    boolean done = false;
    for (int i = 0; i < 100 && !done; i++) {
      System.gc();
      done = destroyed.await(100, TimeUnit.MILLISECONDS);
    }
    assertThat(done).isTrue();
  }

  @SuppressWarnings({"resource", "CheckReturnValue", "UnusedVariable"}) // the leak is the test
  private static void forget(CountDownLatch destroyed) {
    NativeHandle unused =
        new NativeHandle("forgotten on purpose by a test", 1, address -> destroyed.countDown());
  }
}
