package io.sparkllama.engine.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ScheduledBatchTest {
  @Test
  void whatIsTakenOutLeavesItsRoomToOthers() {
    ScheduledBatch batch = new ScheduledBatch(new SchedulerLimits(2, 8, 8, 2, 1, 5));
    Sequence young = Sequence.sampling(new int[4]);
    Sequence old = Sequence.sampling(new int[6]);
    young.adjust(3);
    old.adjust(3);
    batch.add(young, batch.room(young), List.of());
    assertThat(batch.entries().get(0).adjustments()).isEqualTo(3);
    assertThat(batch.room(old)).isEqualTo(4); // of tokens
    old.append(1);
    old.advance(3);
    assertThat(batch.room(old)).isEqualTo(3); // of adjustments: all but the last token

    batch.remove(young);

    assertThat(batch.room(old)).isEqualTo(4);
  }
}
