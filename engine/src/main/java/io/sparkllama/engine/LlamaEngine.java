package io.sparkllama.engine;

import io.sparkllama.engine.api.AdapterFile;
import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.DeviceFacts;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.InvalidTextException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ReasoningMarks;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import io.sparkllama.engine.constraint.StopCondition;
import io.sparkllama.engine.constraint.TokenConstraint;
import io.sparkllama.engine.runner.ModelRunner;
import io.sparkllama.engine.runner.WorkerTrial;
import io.sparkllama.engine.scheduler.Sequence;
import io.sparkllama.engine.store.CacheDirectory;
import io.sparkllama.engine.store.LocalModel;
import io.sparkllama.engine.store.PackedModel;
import io.sparkllama.engine.store.PackedPlace;
import io.sparkllama.engine.store.PackedPlan;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Runs requests of any number of threads through one model.
 *
 * <p>Text becomes tokens on the caller's thread; everything else happens on the engine's own, which
 * also completes the futures: what is chained to them must be short. A row's trouble is an error in
 * its result. A future fails, with {@link io.sparkllama.engine.api.EngineFailedException}, only
 * when the engine does or is closed. Cancelling a future frees what its request holds at the next
 * step. The engine takes all that it is given: callers keep what they have in flight bounded.
 */
public final class LlamaEngine implements AutoCloseable {
  private final Optional<ModelFile> model; // empty on a bare runner
  private final ModelText text;
  private final int contextLength;
  private final int mostCandidates;
  private final PromptEncoder prompts;
  private final ContinuationEncoder continuations;
  private final ConstraintCache constraints;
  private final List<String> adapters; // names, by the id that steps have
  private final EngineLoop loop;
  private final AtomicLong takenCachedTokens = new AtomicLong();
  private final Optional<PackedModel> packed; // empty on a bare runner

  private LlamaEngine(
      Optional<ModelFile> model,
      ModelText text,
      int contextLength,
      EngineOptions options,
      ModelRunner runner,
      Optional<PackedModel> packed) {
    this.model = model;
    this.text = text;
    this.contextLength = contextLength;
    this.prompts = new PromptEncoder(text::encodeWithBos);
    this.continuations = new ContinuationEncoder(text);
    this.constraints = new ConstraintCache(text);
    this.adapters = options.adapters().stream().map(AdapterFile::name).toList();
    this.loop =
        new EngineLoop(
            runner, options.prefillChunk(), options.prefixCache(), text.vocabularySize());
    this.mostCandidates = loop.mostCandidates();
    this.packed = packed;
    packed.ifPresent(weights -> weights.compare(loop::fail));
  }

  /**
   * Opens a model file and makes an engine that runs it in native code. The first on a host packs
   * the weights into its cache directory, which takes as long as a copy and as much room again.
   *
   * @throws io.sparkllama.engine.api.ModelFormatException where the file cannot be run
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where there is no such file, or
   *     an option cannot be met
   * @throws io.sparkllama.engine.api.InsufficientMemoryException where the memory cannot be had
   */
  public static LlamaEngine open(Path model, EngineOptions options) {
    return open(ModelFile.open(model), options);
  }

  /** Makes an engine that runs an opened model in native code; throws as the other. */
  public static LlamaEngine open(ModelFile model, EngineOptions options) {
    model.check(options);
    Path cache = options.cacheDirectory().orElseGet(CacheDirectory::standard);
    return open(model, PackedPlace.in(cache, model.gguf()), options);
  }

  /**
   * Makes an engine that runs a cached model, and packs it beside the copy; throws as the first.
   *
   * @param admission asked for the options before weights are packed or memory is taken; refuses by
   *     an exception what there is no memory for
   */
  public static LlamaEngine open(LocalModel model, Function<ModelFile, EngineOptions> admission) {
    ModelFile file = ModelFile.open(model.path());
    EngineOptions options = admission.apply(file);
    file.check(options);
    return open(file, PackedPlace.beside(model), options);
  }

  /**
   * Refuses, before a model is fetched for it, what this machine lets no engine do: tries a worker
   * process where the options want one, for some milliseconds, and the GPU that they name. {@code
   * open} does it, too.
   *
   * @return what the GPU is; empty for the processor
   */
  public static Optional<DeviceFacts> checkMachine(EngineOptions options) {
    return WorkerTrial.run(options);
  }

  private static LlamaEngine open(ModelFile model, PackedPlace place, EngineOptions options) {
    RunnerOpening opening = RunnerOpening.of(model, options, checkMachine(options));
    PackedPlan plan = PackedPlan.of(model.config(), model.weights());
    return PackedModel.mapped(
        () -> PackedModel.open(place, model.gguf(), plan, options.nativeDirectory()),
        packed -> open(opening, packed));
  }

  private static LlamaEngine open(RunnerOpening opening, PackedModel packed) {
    ModelRunner runner = opening.open(packed);
    ModelFile model = opening.model();
    try {
      return new LlamaEngine(
          Optional.of(model),
          new TokenizerText(model.tokenizer()),
          runner.contextLength(),
          opening.options(),
          runner,
          Optional.of(packed));
    } catch (RuntimeException | Error e) {
      runner.close();
      throw e;
    }
  }

  /**
   * Makes an engine on a runner, which it closes.
   *
   * @param contextLength most tokens of a sequence, which the runner's buffers have room for
   */
  static LlamaEngine on(
      ModelText text, int contextLength, EngineOptions options, ModelRunner runner) {
    return new LlamaEngine(
        Optional.empty(), text, contextLength, options, runner, Optional.empty());
  }

  /** Returns the model that the engine was opened with. */
  public ModelFile model() {
    return model.orElseThrow(() -> new IllegalStateException("This engine runs no model file"));
  }

  /** Returns the tokens, of all sequences together, whose keys and values there is room for. */
  public long cachePositions() {
    return loop.cachePositions();
  }

  /** Returns the most tokens of a sequence. */
  public int contextLength() {
    return contextLength;
  }

  /**
   * Generates one completion. An answer ends at the context's end at the latest.
   *
   * <p>A prompt must leave room for one token. Where it may be truncated, it is cut when it leaves
   * less than {@code min(maxTokens, context / 2)}, so that the answer has room; but the document
   * keeps at least half of the room that the other text leaves. Where the answer is constrained,
   * the prompt leaves room for the shortest that is allowed.
   *
   * @throws IllegalArgumentException for a bias of an id outside the vocabulary
   * @throws io.sparkllama.engine.api.InvalidConfigurationException for a constraint that is not
   *     supported, too large, or not to be met with the vocabulary
   */
  public CompletableFuture<GenerationResult> generate(GenerationRequest request) {
    requireBiasesInVocabulary(request);
    return submit(
        () -> generation(request, 1, results -> results.get(0)), GenerationResult::failed);
  }

  /**
   * Generates several completions of one prompt, which is computed once. Each has random numbers of
   * its own, by its index; the first is what the other method gives. Where the prompt has an error,
   * each result holds it.
   *
   * @param completions at least 1
   * @throws IllegalArgumentException for a bias of an id outside the vocabulary
   */
  public CompletableFuture<List<GenerationResult>> generate(
      GenerationRequest request, int completions) {
    if (completions < 1) {
      throw new IllegalArgumentException("There must be at least 1 completion: " + completions);
    }
    requireBiasesInVocabulary(request);
    return submit(
        () -> generation(request, completions, Function.identity()),
        (promptTokens, error) ->
            Collections.nCopies(completions, GenerationResult.failed(promptTokens, error)));
  }

  private void requireBiasesInVocabulary(GenerationRequest request) {
    request.sampling().penalties().logitBias().keySet().forEach(this::requireInVocabulary);
  }

  /** Measures how probable a continuation is after its context. */
  public CompletableFuture<ScoreResult> score(ScoreRequest request) {
    return submit(
        () -> {
          ContinuationEncoder.Split split =
              continuations.split(request.context(), request.continuation());
          return scoring(split.ids(), split.contextTokens(), request.adapter());
        },
        ScoreResult::failed);
  }

  /**
   * Measures how probable tokens are after others.
   *
   * @param context at least one id, with BOS where the model wants one
   * @throws IllegalArgumentException for ids outside the vocabulary or an empty context
   */
  public CompletableFuture<ScoreResult> scoreTokens(int[] context, int[] continuation) {
    return scoreTokens(context, continuation, Optional.empty());
  }

  /** Measures the same of the model with an adapter. */
  public CompletableFuture<ScoreResult> scoreTokens(
      int[] context, int[] continuation, Optional<String> adapter) {
    if (context.length == 0) {
      throw new IllegalArgumentException(
          "The context must have at least one token: begin with BOS");
    }
    int[] ids = Arrays.copyOf(context, context.length + continuation.length);
    System.arraycopy(continuation, 0, ids, context.length, continuation.length);
    for (int id : ids) {
      requireInVocabulary(id);
    }
    return submit(() -> scoring(ids, context.length, adapter), ScoreResult::failed);
  }

  private void requireInVocabulary(int id) {
    if (id < 0 || id >= text.vocabularySize()) {
      throw new IllegalArgumentException(
          "Token id outside the vocabulary of " + text.vocabularySize() + ": " + id);
    }
  }

  /**
   * Measures how probable each label is as the whole answer to a prompt. A prompt that is too long
   * for the longest label, and may be truncated, is cut to make room.
   *
   * @throws IllegalArgumentException for no labels, or more than a step can compare
   */
  public CompletableFuture<ClassifyResult> classify(ClassifyRequest request) {
    if (request.labels().isEmpty() || request.labels().size() > mostCandidates) {
      throw new IllegalArgumentException(
          "The number of labels must be between 1 and "
              + mostCandidates
              + ": "
              + request.labels().size());
    }
    return submit(() -> classification(request), ClassifyResult::failed);
  }

  /**
   * Returns a prompt's tokens as a request begins with them, before anything is cut. Runs on the
   * caller's thread.
   *
   * @throws InvalidTextException where the vocabulary cannot express it
   */
  public int[] tokens(Prompt prompt) {
    return text.encodeWithBos(prompt);
  }

  /**
   * Returns the positions of the context that a request takes, before anything is cut: the prompt's
   * tokens, those of the longest label after it, and the answer's end. Costs what the request
   * itself costs the caller's thread.
   *
   * @throws InvalidTextException where the vocabulary cannot express it
   */
  public int positions(ClassifyRequest request) {
    int[] ids = tokens(request.prompt());
    return ids.length
        + answerPositions(
            request.labels().stream()
                .map(label -> continuations.label(request.prompt(), ids, label))
                .toArray(int[][]::new));
  }

  /**
   * Returns the tokens that the prefix cache had since this was last called: callers that add up
   * what they are given count each token once, whatever their number.
   */
  public long takeCachedTokens() {
    long now = statistics().cachedTokens();
    return Math.max(0, now - takenCachedTokens.getAndAccumulate(now, Math::max));
  }

  /** Returns what the engine has done up to its last step. */
  public EngineStatistics statistics() {
    return loop.statistics();
  }

  /**
   * Tells whether the engine has failed or was closed, and must be replaced: every request fails
   * from now on. Futures that failed with the engine come after this turned true.
   */
  public boolean hasEnded() {
    return loop.hasEnded();
  }

  /** Ends the engine after the step under way; futures still pending fail. */
  @Override
  public void close() {
    loop.close();
    packed.ifPresent(PackedModel::close);
  }

  private <R> GenerationWork<R> generation(
      GenerationRequest request, int completions, Function<List<GenerationResult>, R> results) {
    SamplingParams sampling = request.sampling();
    Optional<TokenConstraint> constraint = request.constraint().map(constraints::of);
    int fewest = constraint.map(TokenConstraint::fewestTokens).orElse(1);
    if (constraint.isPresent()) {
      requireFits(fewest, Math.min(sampling.maxTokens(), contextLength - 1));
    }
    int reserve = Math.max(fewest, Math.min(sampling.maxTokens(), contextLength / 2));
    PromptEncoder.Limits limits =
        new PromptEncoder.Limits(contextLength - reserve, contextLength - fewest);
    int[] ids = prompts.encode(request.prompt(), request.overlong(), limits).ids();
    requireTokens(ids);
    Set<Integer> ends = new HashSet<>(text.endTokens());
    ends.addAll(sampling.stopTokens());
    return new GenerationWork<>(
        ids,
        adapterId(request.adapter(), ids.length),
        IntStream.range(0, completions)
            .mapToObj(sample -> completion(request, ids, ends, constraint, sample))
            .toList(),
        results);
  }

  private Completion completion(
      GenerationRequest request,
      int[] ids,
      Set<Integer> ends,
      Optional<TokenConstraint> constraint,
      int sample) {
    SamplingParams sampling = request.sampling();
    int mostTokens = Math.min(sampling.maxTokens(), contextLength - ids.length);
    return new Completion(
        new SamplerSettings(
            sampling,
            SamplingKey.of(sampling.seed(), request.rowKey(), sample),
            TokenCounts.of(sampling.penalties(), ids),
            constraint.map(allowed -> allowed.begin(mostTokens))),
        mostTokens,
        request.reasoning().isPresent()
            ? new MarkedDetokenizer(text, request.reasoning().get())
            : text.detokenizer(),
        new StopCondition(ends, sampling.stopStrings()),
        request
            .reasoning()
            .map(marks -> new ReasoningSplitter(marks, begins(request.prompt(), marks))));
  }

  private static void requireFits(int fewest, int most) {
    if (fewest > most) {
      throw new RowException(
          RowError.CONSTRAINT_DOES_NOT_FIT,
          "No answer that the constraint allows is known to fit; raise max-tokens, or allow shorter"
              + " ones: "
              + fewest
              + " tokens, room for "
              + most,
          0);
    }
  }

  /** Tells whether the template has begun the model's thoughts already. */
  private static boolean begins(Prompt prompt, ReasoningMarks marks) {
    int spans = prompt.spans().size();
    return spans > 0
        && prompt.spans().get(spans - 1).origin() == Prompt.Origin.TEMPLATE
        && prompt.spans().get(spans - 1).text().stripTrailing().endsWith(marks.begin());
  }

  /** Returns the id by which steps name an adapter. */
  private int adapterId(Optional<String> name, int promptTokens) {
    int id = name.isEmpty() ? Sequence.NO_ADAPTER : adapters.indexOf(name.get());
    if (name.isPresent() && id < 0) {
      throw new RowException(
          RowError.UNKNOWN_ADAPTER,
          "The row's adapter is none of the engine's: correct the name, or add the adapter; there"
              + " are "
              + adapters.size(),
          promptTokens);
    }
    return id;
  }

  private ScoreWork scoring(int[] ids, int contextTokens, Optional<String> adapter) {
    if (ids.length > contextLength) {
      throw new RowException(
          RowError.PROMPT_TOO_LONG,
          "Context and continuation are longer than the model's context; shorten them: "
              + ids.length
              + " tokens, room for "
              + contextLength,
          ids.length);
    }
    return new ScoreWork(ids, adapterId(adapter, ids.length), contextTokens);
  }

  private ClassifyWork classification(ClassifyRequest request) {
    int[] ends = text.endTokens().stream().mapToInt(Integer::intValue).sorted().toArray();
    int limit = contextLength - 1;
    while (true) {
      PromptEncoder.Encoded prompt =
          prompts.encode(request.prompt(), request.overlong(), PromptEncoder.Limits.exactly(limit));
      requireTokens(prompt.ids());
      int[][] labels = labels(prompt, request.labels());
      int longest = answerPositions(labels);
      if (prompt.ids().length + longest <= contextLength) {
        int adapter = adapterId(request.adapter(), prompt.ids().length);
        return new ClassifyWork(prompt.ids(), adapter, labels, ends, request.normalization());
      }
      // Each turn is shorter by a token at least, and ends in an error when nothing can be cut.
      limit = Math.min(prompt.ids().length - 1, contextLength - longest);
    }
  }

  private int answerPositions(int[][] labels) {
    int longest = Arrays.stream(labels).mapToInt(ids -> ids.length).max().orElseThrow();
    return longest + (text.endTokens().isEmpty() ? 0 : 1);
  }

  private int[][] labels(PromptEncoder.Encoded prompt, List<String> labels) {
    int[][] ids = new int[labels.size()][];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = continuations.label(prompt.prompt(), prompt.ids(), labels.get(i));
      if (ids[i].length == 0) {
        throw new RowException(
            RowError.INVALID_TEXT, "A label has no tokens: label " + i, prompt.ids().length);
      }
    }
    return ids;
  }

  private static void requireTokens(int[] ids) {
    if (ids.length == 0) {
      throw new RowException(
          RowError.INVALID_TEXT,
          "An empty prompt has no tokens with this model (it has no BOS): give it some text",
          0);
    }
  }

  private <R> CompletableFuture<R> submit(
      Supplier<? extends Work<R>> request, BiFunction<Integer, RowError, R> failed) {
    Work<R> work;
    try {
      work = request.get();
    } catch (RowException e) {
      return CompletableFuture.completedFuture(failed.apply(e.promptTokens(), e.error()));
    } catch (InvalidTextException e) {
      RowError error = new RowError(RowError.INVALID_TEXT, e.getMessage());
      return CompletableFuture.completedFuture(failed.apply(0, error));
    }
    loop.submit(work);
    return work.future();
  }
}
