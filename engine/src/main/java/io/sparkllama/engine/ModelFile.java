package io.sparkllama.engine;

import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.DeviceFacts;
import io.sparkllama.engine.api.DeviceMemory;
import io.sparkllama.engine.api.EngineMemory;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ReasoningMarks;
import io.sparkllama.engine.constraint.TokenConstraint;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.model.Adapter;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.WeightMap;
import io.sparkllama.engine.runner.DeviceFit;
import io.sparkllama.engine.runner.NativeModelRunner;
import io.sparkllama.engine.store.PackedPlan;
import io.sparkllama.engine.tokenizer.Tokenizer;
import io.sparkllama.engine.tokenizer.Tokenizers;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Opens a model without native code: what it is and what it holds, for the driver and tools. */
public final class ModelFile {
  /** As models of several families write them; the first that a model has counts. */
  private static final List<ReasoningMarks> KNOWN_MARKS =
      List.of(
          new ReasoningMarks("<think>", "</think>"),
          new ReasoningMarks("[THINK]", "[/THINK]"),
          new ReasoningMarks("<|START_THINKING|>", "<|END_THINKING|>"),
          new ReasoningMarks("<|inner_prefix|>", "<|inner_suffix|>"),
          new ReasoningMarks("<seed:think>", "</seed:think>"),
          new ReasoningMarks("◁think▷", "◁/think▷"),
          new ReasoningMarks("<reasoning>", "</reasoning>"));

  private final Path path;
  private final GgufFile gguf;
  private final ModelConfig config;
  private final WeightMap weights;
  private final Tokenizer tokenizer;

  private ModelFile(Path path, GgufFile gguf) {
    this.path = path;
    this.gguf = gguf;
    this.config = ModelConfig.of(gguf);
    this.weights = WeightMap.of(gguf, config);
    this.tokenizer = Tokenizers.of(gguf.metadata());
  }

  /**
   * Reads and checks a model file, or all parts of a split one given any of them. Weights are not
   * read.
   *
   * @throws io.sparkllama.engine.api.ModelFormatException where the file cannot be run
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where there is no such file
   */
  public static ModelFile open(Path path) {
    return new ModelFile(path, GgufFile.read(path));
  }

  public Path path() {
    return path;
  }

  public GgufFile gguf() {
    return gguf;
  }

  public ModelConfig config() {
    return config;
  }

  public WeightMap weights() {
    return weights;
  }

  /** Returns the tokenizer, whose ids are the rows of the token embedding. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /**
   * Returns, in ascending order, the ids that end an answer: those that the metadata names, and the
   * tokens whose texts are known to end one, for files that do not name them all.
   */
  public int[] endTokens() {
    return tokenizer.endIds();
  }

  /** Returns the chat template that the file carries. */
  public Optional<String> chatTemplate() {
    return gguf.metadata().optionalString("tokenizer.chat_template");
  }

  /** Returns the chat template that the file carries for conversations with tools. */
  public Optional<String> toolChatTemplate() {
    return gguf.metadata()
        .optionalString("tokenizer.chat_template.tool_use")
        .or(this::chatTemplate);
  }

  /** Returns the text of the token that begins a text. */
  public Optional<String> beginText() {
    return text(tokenizer.bosId());
  }

  /** Returns the text of the token that ends a text. */
  public Optional<String> endText() {
    return text(tokenizer.eosId());
  }

  private Optional<String> text(OptionalInt id) {
    return id.isPresent()
        ? Optional.of(tokenizer.vocabulary().text(id.getAsInt()))
        : Optional.empty();
  }

  /**
   * Returns the texts between which the model thinks, where its vocabulary or its chat template has
   * known ones.
   */
  public Optional<ReasoningMarks> reasoningMarks(String chatTemplate) {
    return KNOWN_MARKS.stream()
        .filter(
            marks ->
                chatTemplate.contains(marks.end()) || tokenizer.vocabulary().hasMark(marks.end()))
        .findFirst();
  }

  /**
   * Refuses options that the model cannot be run with.
   *
   * @throws io.sparkllama.engine.api.InvalidConfigurationException names the key and the remedy
   * @throws io.sparkllama.engine.api.ModelFormatException where an adapter does not fit the model
   */
  public void check(EngineOptions options) {
    NativeModelRunner.check(config, options);
    adapters(options);
  }

  /**
   * Reads what the options' adapters change of this model, in their order.
   *
   * @throws io.sparkllama.engine.api.ModelFormatException where one does not fit the model
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where there is no such file
   */
  List<Adapter> adapters(EngineOptions options) {
    return options.adapters().stream().map(file -> Adapter.of(file, gguf, config)).toList();
  }

  /**
   * Tells what an engine with these options takes of this machine's memory; of threads that the
   * options leave open it counts the processors that this JVM may use.
   *
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where an option cannot be met
   */
  public EngineMemory memory(EngineOptions options) {
    return NativeModelRunner.memory(
        config, PackedPlan.of(config, weights).length(), options, adapters(options));
  }

  /**
   * Tells what an engine with these options takes of a GPU's memory; its KV cache is 0 where that
   * is for the device to settle.
   *
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where an option cannot be met
   */
  public DeviceMemory deviceMemory(EngineOptions options) {
    return DeviceFit.of(config, PackedPlan.of(config, weights).tensors(), options).memory();
  }

  /**
   * Tells what an engine with these options takes of a GPU's memory.
   *
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where an option cannot be met
   * @throws io.sparkllama.engine.api.InsufficientMemoryException where the device has not as much
   */
  public DeviceMemory deviceMemory(EngineOptions options, DeviceFacts device) {
    return DeviceFit.of(
            config, PackedPlan.of(config, weights).tensors(), options, device.multiprocessors())
        .on(device);
  }

  /**
   * Returns the bytes of a KV cache for one whole context of these options: with that much, no row
   * is refused for the cache's size.
   *
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where an option cannot be met
   */
  public long contextBytes(EngineOptions options) {
    return NativeModelRunner.contextBytes(config, options);
  }

  /** Returns the tokens that the model was made for. */
  public int contextLength() {
    return config.contextLength();
  }

  /** Returns the number of token ids. */
  public int vocabularySize() {
    return config.vocabularySize();
  }

  /**
   * Refuses a constraint that no model could be held to.
   *
   * @throws io.sparkllama.engine.api.InvalidConfigurationException says what is not supported and
   *     where, or that it is too large or allows nothing
   */
  public static void check(AnswerConstraint constraint) {
    TokenConstraint.check(constraint);
  }

  /**
   * Returns a number of tokens, as low as is known, within which the model can write an answer that
   * a constraint allows. Takes up to a second.
   *
   * @throws io.sparkllama.engine.api.InvalidConfigurationException as {@link
   *     #check(AnswerConstraint)}, and where the vocabulary has no tokens for such an answer
   */
  public int fewestTokens(AnswerConstraint constraint) {
    return TokenConstraint.of(constraint, ConstraintCache.tokensOf(new TokenizerText(tokenizer)))
        .fewestTokens();
  }

  /**
   * Returns how many tokens a prompt has, BOS included where the model wants one.
   *
   * @throws io.sparkllama.engine.api.InvalidTextException where the vocabulary cannot express it
   */
  public int countTokens(Prompt prompt) {
    return tokenizer.encodeWithBos(prompt).length;
  }
}
