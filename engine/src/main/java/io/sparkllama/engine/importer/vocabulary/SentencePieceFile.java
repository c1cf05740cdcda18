package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.tokenizer.CharacterMap;
import io.sparkllama.engine.tokenizer.TokenType;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads a tokenizer.model as SentencePiece writes it: pieces with scores and types, and which of
 * them have a role. Field numbers are those of sentencepiece_model.proto.
 */
final class SentencePieceFile {
  private static final int PIECE = 1;
  private static final int TRAINER = 2;
  private static final int NORMALIZER = 3;

  private static final int PIECE_TEXT = 1;
  private static final int PIECE_SCORE = 2;
  private static final int PIECE_TYPE = 3;

  private static final int MODEL_TYPE = 3;
  private static final int BYTE_PAIR_MODEL = 2;
  private static final Map<Integer, String> ROLES =
      Map.of(40, "unk", 41, "bos", 42, "eos", 43, "pad");

  private static final int CHARACTER_MAP = 2;
  private static final int ADD_PREFIX = 3;
  private static final int REMOVE_EXTRA_SPACES = 4;

  private static final int MOST_PIECES = 1 << 24;

  private final Path path;
  private final List<Piece> pieces = new ArrayList<>();
  private final Map<String, Integer> roles =
      new HashMap<>(Map.of("unk", 0, "bos", 1, "eos", 2, "pad", -1)); // unless the file says
  private int modelType = 1; // unigram, unless the file says
  private boolean addsPrefix = true;
  private boolean removesExtraSpaces = true;
  private Optional<CharacterMap> characterMap = Optional.empty();

  private record Piece(String text, float score, TokenType type) {}

  private SentencePieceFile(Path path) {
    this.path = path;
  }

  /**
   * Reads a file's bytes.
   *
   * @throws ModelFormatException where they are damaged, or of a kind that GGUF's tokenizer {@code
   *     llama} is not made for
   */
  static SentencePieceFile read(Path path, ByteBuffer bytes) {
    SentencePieceFile file = new SentencePieceFile(path);
    ProtobufMessage model = new ProtobufMessage(path, bytes);
    while (model.next()) {
      switch (model.field()) {
        case PIECE -> file.addPiece(model.message());
        case TRAINER -> file.readTrainer(model.message());
        case NORMALIZER -> file.readNormalizer(model.message());
        default -> model.skip();
      }
    }
    if (file.pieces.isEmpty()) {
      throw file.failure("holds no piece");
    }
    if (file.modelType != BYTE_PAIR_MODEL) {
      throw file.failure("is no BPE model but of another type, " + file.modelType);
    }
    return file;
  }

  /** Returns the vocabulary, to which tokens may be added. */
  GgufVocabulary vocabulary(int size) {
    TokenTable tokens = new TokenTable(path, size);
    for (int id = 0; id < pieces.size(); id++) {
      Piece piece = pieces.get(id);
      // What is cut as one token is looked for before spaces are written as U+2581.
      String text =
          piece.type == TokenType.USER_DEFINED ? piece.text.replace('\u2581', ' ') : piece.text;
      tokens.put(id, text, piece.score, piece.type);
    }
    return new GgufVocabulary(
        tokens, new CuttingRules.SentencePiece(addsPrefix, removesExtraSpaces, characterMap));
  }

  /** Returns the ids by role, {@code bos}, {@code eos}, {@code unk} and {@code pad}. */
  Map<String, Integer> roles() {
    Map<String, Integer> inside = new HashMap<>(roles);
    inside.values().removeIf(id -> id < 0 || id >= pieces.size());
    return inside;
  }

  private void addPiece(ProtobufMessage message) {
    String text = null;
    float score = 0;
    long type = TokenType.NORMAL.ordinal();
    while (message.next()) {
      switch (message.field()) {
        case PIECE_TEXT -> text = message.text();
        case PIECE_SCORE -> score = message.real();
        case PIECE_TYPE -> type = message.number();
        default -> message.skip();
      }
    }
    // The types have the numbers that GGUF took over.
    if (text == null || !Float.isFinite(score) || type < 1 || type > TokenType.BYTE.ordinal()) {
      throw failure("holds a damaged piece, number " + pieces.size());
    }
    if (pieces.size() == MOST_PIECES) {
      throw failure("holds more pieces than " + MOST_PIECES);
    }
    pieces.add(new Piece(text, score, TokenType.values()[(int) type]));
  }

  private void readTrainer(ProtobufMessage message) {
    while (message.next()) {
      String role = ROLES.get(message.field());
      if (role != null) {
        roles.put(role, (int) message.number());
      } else if (message.field() == MODEL_TYPE) {
        modelType = (int) message.number();
      } else {
        message.skip();
      }
    }
  }

  private void readNormalizer(ProtobufMessage message) {
    while (message.next()) {
      switch (message.field()) {
        case ADD_PREFIX -> addsPrefix = message.number() != 0;
        case REMOVE_EXTRA_SPACES -> removesExtraSpaces = message.number() != 0;
        case CHARACTER_MAP -> {
          ByteBuffer map = message.bytes();
          if (map.hasRemaining()) {
            byte[] bytes = new byte[map.remaining()];
            map.get(bytes);
            characterMap = Optional.of(new CharacterMap(bytes, path.toString()));
          }
        }
        default -> message.skip();
      }
    }
  }

  private ModelFormatException failure(String problem) {
    return new ModelFormatException("the SentencePiece model " + problem + ": " + path);
  }
}
