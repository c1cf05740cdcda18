package io.sparkllama.bench.sidebyside;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.cli.MachinePeaks;
import io.sparkllama.engine.cli.WeightWork;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures the engine side by side with llama.cpp and de.kherud:llama on one model file. */
@Command(
    name = "bench/run.sh sidebyside.SideBySide",
    mixinStandardHelpOptions = true,
    description = "Measures the engine side by side with llama.cpp and de.kherud:llama.")
public final class SideBySide implements Callable<Integer> {
  private static final String OURS = "spark-llama";
  private static final String LLAMA_CPP = "llama.cpp";
  private static final String KHERUD = "de.kherud:llama";

  @Spec private CommandLine.Model.CommandSpec command;

  @Option(names = "--model", required = true, paramLabel = "FILE", description = "A GGUF file.")
  private Path model;

  @Option(
      names = "--works",
      split = ",",
      paramLabel = "WORK",
      description =
          "prefill:TOKENS, decode:SEQUENCESxCONTEXTxSTEPS or generate:PROMPTSxTOKENSxNEW, each with"
              + " @ROUNDS where these differ from --rounds (default: ${DEFAULT-VALUE}).")
  private List<String> works =
      List.of(
          "prefill:512",
          "decode:1x256x64",
          "decode:8x256x32",
          "decode:32x256x16",
          "decode:64x256x16",
          "decode:16x4096x16@3",
          "generate:32x128x64");

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Rounds of each work (default: ${DEFAULT-VALUE}).")
  private int rounds = 7;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of each contestant; 0 takes all processors (default: 0).")
  private int threads;

  @Option(
      names = "--contestants",
      split = ",",
      paramLabel = "NAME",
      description = "Whom to start beside spark-llama (default: ${DEFAULT-VALUE}).")
  private List<String> others = List.of(LLAMA_CPP, KHERUD);

  @Option(
      names = "--python",
      paramLabel = "FILE",
      description = "An interpreter that has llama_cpp (default: ${DEFAULT-VALUE}).")
  private String python = "python3";

  @Option(
      names = "--peers",
      paramLabel = "DIR",
      description = "Where llama_cpp_peer.py is (default: ${DEFAULT-VALUE}).")
  private Path peers = Path.of("bench", "peers");

  @Option(
      names = "--patience",
      paramLabel = "SECONDS",
      description = "After which a silent contestant is given up (default: ${DEFAULT-VALUE}).")
  private int patience = 1800;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "The page; standard output where it is not given.")
  private Path out;

  @Option(names = "--json", paramLabel = "FILE", description = "The JSON lines on their own.")
  private Path json;

  private List<PlannedWork> planned = List.of();

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new SideBySide()).execute(arguments));
  }

  @Override
  public Integer call() throws IOException {
    planned = planned();
    threads = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    RunRecord.Provenance provenance = provenance();
    EngineOptions options = EngineOptions.defaults().withThreads(threads);
    progress("measuring the machine's peaks");
    MachinePeaks before = MachinePeaks.measured(options);
    List<Participant> contestants = new ArrayList<>();
    List<WorkResult> results = new ArrayList<>();
    List<MemoryResult> memory = new ArrayList<>();
    try {
      startAll(contestants);
      measureMemory(contestants, memory);
      Contest contest =
          new Contest(contestants, () -> MachinePeaks.bandwidth(options), SideBySide::progress);
      planned.forEach(work -> results.add(contest.measured(work)));
    } finally {
      contestants.forEach(contestant -> contestant.process().ifPresent(ContestantProcess::close));
    }
    progress("measuring the machine's peaks");
    MachinePeaks after = MachinePeaks.measured(options);
    report(
        new RunRecord(
            provenance,
            model.getFileName().toString(),
            Files.size(model),
            WeightWork.of(ModelFile.open(model)),
            before,
            after,
            contestants,
            results,
            memory));
    return 0;
  }

  private List<PlannedWork> planned() {
    if (rounds < 1 || threads < 0 || patience < 1 || !Files.isRegularFile(model)) {
      throw usage(
          Files.isRegularFile(model)
              ? "--rounds and --patience are at least 1, --threads at least 0"
              : "There is no such model file: " + model);
    }
    for (String other : others) {
      if (!other.equals(LLAMA_CPP) && !other.equals(KHERUD)) {
        throw usage("There is no such contestant: " + other);
      }
    }
    try {
      return works.stream().map(text -> PlannedWork.parse(text, rounds)).toList();
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  private void startAll(List<Participant> contestants) throws IOException {
    contestants.add(start(OURS, engine()));
    for (String other : others) {
      contestants.add(start(other, other.equals(KHERUD) ? java("KherudContestant") : llamaCpp()));
    }
  }

  private Participant start(String name, List<String> command) {
    progress("starting " + name);
    long begin = System.nanoTime();
    try {
      ContestantProcess process = ContestantProcess.start(command, Duration.ofSeconds(patience));
      Reply introduction = process.introduction();
      double seconds = (System.nanoTime() - begin) * 1e-9;
      if (introduction instanceof Reply.Ready) {
        return new Participant(name, Optional.of(process), introduction, seconds);
      }
      process.close();
      return leftOut(name, introduction);
    } catch (IOException e) {
      return leftOut(name, new Reply.Refused(e.getMessage()));
    }
  }

  private static Participant leftOut(String name, Reply reply) {
    Reply.Refused reason =
        reply instanceof Reply.Refused refused ? refused : new Reply.Refused("it told no name");
    progress("leaving out " + name + ": " + reason.error());
    return new Participant(name, Optional.empty(), reason, 0);
  }

  private List<String> engine() {
    return java("EngineContestant");
  }

  private List<String> java(String main) {
    Path launcher = Path.of(System.getProperty("java.home"), "bin", "java");
    return Stream.concat(
            Stream.of(
                launcher.toString(),
                "-Xmx1g",
                "-cp",
                System.getProperty("java.class.path"),
                getClass().getPackageName() + "." + main),
            setup().arguments().stream())
        .toList();
  }

  private List<String> llamaCpp() {
    return Stream.concat(
            Stream.of(python, peers.resolve("llama_cpp_peer.py").toString()),
            setup().arguments().stream())
        .toList();
  }

  private ContestantSetup setup() {
    return new ContestantSetup(model, threads, planned.stream().map(PlannedWork::work).toList());
  }

  // After the first work that a contestant takes: weights are in memory by then, and of the keys
  // and values only what this work needs. A second engine shows what executors on a host share.
  private void measureMemory(List<Participant> contestants, List<MemoryResult> memory) {
    contestants.forEach(contestant -> memoryOf(contestant, "", contestant.name(), memory));
    Participant ours = contestants.get(0);
    if (ours.process().isEmpty()) {
      return;
    }
    Participant second = start(OURS, engine());
    try {
      memoryOf(second, ", beside the first", OURS + ", a second process", memory);
      memoryOf(ours, ", beside the second", OURS, memory);
    } finally {
      second.process().ifPresent(ContestantProcess::close);
    }
  }

  private void memoryOf(
      Participant contestant, String beside, String name, List<MemoryResult> memory) {
    Optional<Work> first =
        planned.stream().map(PlannedWork::work).filter(contestant::takes).findFirst();
    if (first.isPresent()) {
      ContestantProcess process = contestant.process().orElseThrow();
      progress("memory of " + name);
      process.measured(first.get());
      MemoryResult.of(name, first.get().label() + beside, process.memory()).ifPresent(memory::add);
    }
  }

  private RunRecord.Provenance provenance() throws IOException {
    return new RunRecord.Provenance(
        Machine.ofThisProcess(),
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
        threads,
        Instant.now().truncatedTo(ChronoUnit.MINUTES).toString(),
        commit(),
        command.name()
            + " "
            + command.commandLine().getParseResult().originalArgs().stream()
                .map(SideBySide::withoutFolders)
                .collect(Collectors.joining(" ")));
  }

  // A page tells no machine's folders.
  private static String withoutFolders(String argument) {
    return argument.replaceAll("/(?:[^/]*/)*", "");
  }

  private static String commit() throws IOException {
    Process git =
        new ProcessBuilder("git", "describe", "--always", "--dirty", "--abbrev=12", "--match=-")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String commit = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return commit.isBlank() ? "unknown" : commit.strip();
  }

  private void report(RunRecord run) throws IOException {
    String page = new MarkdownReport(run).text();
    if (out == null) {
      System.out.print(page);
    } else {
      Files.writeString(out, page);
    }
    if (json != null) {
      Files.write(json, new JsonReport(run).lines());
    }
  }

  private CommandLine.ParameterException usage(String message) {
    return new CommandLine.ParameterException(command.commandLine(), message);
  }

  private static void progress(String line) {
    System.err.println(line);
  }
}
