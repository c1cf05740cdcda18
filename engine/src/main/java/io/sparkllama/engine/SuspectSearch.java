package io.sparkllama.engine;

import io.sparkllama.engine.scheduler.Sequence;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Finds the request that costs the engine its runner whenever it runs: tries those of the step that
 * was lost apart from each other, half of them at a time, and halves again what is lost.
 *
 * <p>A group that is tried runs until each of its sequences is past the tokens that the lost step
 * had of it. What runs in a trial counts: its results are what they would have been in any other
 * step. Groups shrink with every loss and a request is tried alone twice at most, so the search
 * ends. The engine's thread only.
 */
final class SuspectSearch {
  /** How often a request must be lost alone to be convicted: chance strikes twice less often. */
  static final int LONE_LOSSES = 2;

  /**
   * Is a request of a lost step.
   *
   * @param targets the tokens that each of its sequences must have computed to be past that step
   */
  record Suspect(Work<?> work, Map<Sequence, Integer> targets) {
    boolean hasPassed(Predicate<Sequence> isLive) {
      return targets.entrySet().stream()
          .allMatch(
              target ->
                  !isLive.test(target.getKey())
                      || target.getKey().numComputedTokens() >= target.getValue());
    }

    private Suspect with(Suspect earlier) {
      Map<Sequence, Integer> all = new HashMap<>(targets);
      earlier.targets.forEach((sequence, target) -> all.merge(sequence, target, Math::max));
      return new Suspect(work, all);
    }
  }

  private final Deque<List<Suspect>> groups = new ArrayDeque<>(); // the first is being tried
  private final Map<Work<?>, Integer> loneLosses = new HashMap<>();
  private List<Suspect> left = List.of(); // of the group being tried, those not past their targets

  boolean isOn() {
    return !groups.isEmpty();
  }

  /** Returns whether a request may run now: any, where nothing is searched. */
  boolean allows(Work<?> work) {
    return groups.isEmpty()
        || groups.getFirst().stream().anyMatch(suspect -> suspect.work() == work);
  }

  /**
   * Goes on to the next group where all of the one being tried have passed.
   *
   * @param isLive whether a sequence is still under way
   * @return whether the group is another one than before
   */
  boolean advance(Predicate<Sequence> isLive) {
    boolean moved = false;
    while (isOn()) {
      left = left.stream().filter(suspect -> !suspect.hasPassed(isLive)).toList();
      if (!left.isEmpty()) {
        return moved;
      }
      groups.removeFirst();
      begin();
      moved = true;
    }
    return moved;
  }

  /**
   * Takes note of a lost step.
   *
   * @param batch the requests of the step, each once, in its order
   * @param named those that the runner was at; may be none
   * @return the request that was lost alone too often
   */
  Optional<Work<?>> lost(List<Suspect> batch, Set<Work<?>> named) {
    if (batch.isEmpty()) {
      return Optional.empty(); // between two steps: it says nothing about any of them
    }
    List<Suspect> lost = batch.stream().map(this::withEarlierTargets).toList();
    if (isOn()) {
      groups.removeFirst();
      push(left.stream().filter(suspect -> !contains(lost, suspect.work())).toList());
    }
    Optional<Work<?>> convict = Optional.empty();
    Work<?> first = lost.get(0).work();
    if (lost.size() > 1) {
      split(lost, named);
    } else if (loneLosses.merge(first, 1, Integer::sum) >= LONE_LOSSES) {
      convict = Optional.of(first);
    } else {
      push(lost);
    }
    begin();
    return convict;
  }

  private void split(List<Suspect> lost, Set<Work<?>> named) {
    List<Suspect> tried = lost.stream().filter(suspect -> named.contains(suspect.work())).toList();
    if (tried.isEmpty() || tried.size() == lost.size()) {
      tried = lost.subList(0, lost.size() / 2);
    }
    List<Suspect> first = List.copyOf(tried);
    push(lost.stream().filter(suspect -> !contains(first, suspect.work())).toList());
    push(first);
  }

  private void push(List<Suspect> group) {
    if (!group.isEmpty()) {
      groups.addFirst(new ArrayList<>(group));
    }
  }

  private void begin() {
    left = groups.isEmpty() ? List.of() : List.copyOf(groups.getFirst());
    if (groups.isEmpty()) {
      loneLosses.clear();
    }
  }

  private Suspect withEarlierTargets(Suspect suspect) {
    return left.stream()
        .filter(earlier -> earlier.work() == suspect.work())
        .findFirst()
        .map(suspect::with)
        .orElse(suspect);
  }

  private static boolean contains(List<Suspect> group, Work<?> work) {
    return group.stream().anyMatch(suspect -> suspect.work() == work);
  }
}
