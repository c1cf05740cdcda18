package io.sparkllama.bench.sidebyside;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Tells a contestant at its start what it is to run, and what works will be asked for, so that it
 * makes room for the largest. As arguments: {@code MODEL THREADS WORK...}.
 */
record ContestantSetup(Path model, int threads, List<Work> works) {
  ContestantSetup {
    works = List.copyOf(works);
  }

  static ContestantSetup of(String[] arguments) {
    return new ContestantSetup(
        Path.of(arguments[0]),
        Integer.parseInt(arguments[1]),
        Arrays.stream(arguments).skip(2).map(Work::parse).toList());
  }

  List<String> arguments() {
    return Stream.concat(
            Stream.of(model.toString(), Integer.toString(threads)), works.stream().map(Work::text))
        .toList();
  }
}
