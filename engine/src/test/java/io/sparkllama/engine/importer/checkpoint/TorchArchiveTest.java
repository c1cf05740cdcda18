package io.sparkllama.engine.importer.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.ModelFormatException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TorchArchiveTest {
  private static final byte[] DATA = new byte[4 * 6];

  @TempDir private Path folder;

  private Path file(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("model.bin"), bytes);
  }

  private static TorchBytes withMatrix(int elements, int offset, int[] shape, int[] strides) {
    return new TorchBytes()
        .raw("}")
        .text("w")
        .matrix("0", elements, offset, shape, strides)
        .raw("s.");
  }

  private static TorchBytes goodPickle() {
    return withMatrix(6, 0, new int[] {2, 3}, new int[] {3, 1});
  }

  private void assertRefused(byte[] bytes, String words) throws IOException {
    Path file = file(bytes);
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> TorchArchive.read(file, 0))
        .withMessageContaining(words)
        .withMessageContaining(file.toString());
  }

  private void assertPickleRefused(TorchBytes pickle, String words) throws IOException {
    assertRefused(TorchBytes.archive("m/data.pkl", pickle.bytes(), "m/data/0", DATA), words);
  }

  @Test
  void findsTensorsInTheirStorages() throws IOException {
    TorchBytes pickle = withMatrix(6, 2, new int[] {2, 2}, new int[] {2, 1});
    byte[] archive = TorchBytes.archive("m/data.pkl", pickle.bytes(), "m/data/0", DATA);

    List<CheckpointTensor> tensors = TorchArchive.read(file(archive), 1);

    assertThat(tensors).hasSize(1);
    CheckpointTensor tensor = tensors.get(0);
    assertThat(tensor.shape()).containsExactly(2L, 2L);
    assertThat(tensor.byteSize()).isEqualTo(16);
    int entry = new String(archive, StandardCharsets.ISO_8859_1).indexOf("m/data/0");
    assertThat(tensor.offset()).isEqualTo(entry + "m/data/0".length() + 8);
  }

  @Test
  void refusesPicklesBeyondAnyInUse() throws IOException {
    String most = "}N" + "q\0".repeat((1 << 20) - 2); // behind two bytes that say the protocol
    assertPickleRefused(new TorchBytes().raw(most.substring(1) + "."), "holds no dictionary");
    assertPickleRefused(
        new TorchBytes().raw(most + "."), "has a pickle of more than 2097152 bytes");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "cos\\nsystem\\n(X\\u0002\\u0000\\u0000\\u0000lstR. | was not run: os.system",
        "cbuiltins\\neval\\n. | builtins.eval",
        "ctorch._utils\\n_rebuild_sparse_tensor\\n. | _rebuild_sparse_tensor",
        "ctorch\\nComplexFloatStorage\\n. | ComplexFloatStorage",
        "X\\u0002\\u0000\\u0000\\u0000osX\\u0006\\u0000\\u0000\\u0000system\\u0093. | 0x93",
        "(ios\\nsystem\\n. | 0x69",
        "ccollections\\nOrderedDict\\n)\\u0081. | 0x81",
        "Pos\\n. | 0x50",
        "I1\\n. | 0x49",
        "\\u0080\\u0009. | version 9",
        "}R. | empty stack",
        "NNR. | calls what is no function",
        "ccollections\\nOrderedDict\\nK\\u0001\\u0085R. | arguments that are not known",
        "NQ. | describes a storage",
        "t. | a mark that it has not set",
        "h\\u0005. | has not stored",
        ". | empty stack",
        "NN. | leaves values",
        "N]a. | appends to what is no list",
        "Na. | empty stack",
        "N}K\\u0001s. | sets values of what is no dictionary",
        "}}Ns. | neither a text nor a number",
        "}K\\u0001NsK\\u0001Ns. | the same key twice",
        "NNb. | state of what is no dictionary",
        "X\\u00ff\\u00ff\\u00ff\\u007f. | longer than the rest",
        "X\\u00ff\\u00ff\\u00ff\\u00ff. | longer than the rest",
        "\\u008a\\u0009. | more than 64 bits",
        "N | ends in the middle",
        "cos | ends in the middle",
        "N. | no dictionary of tensors",
        "}K\\u0001Ns. | something beside tensors",
        "}X\\u0001\\u0000\\u0000\\u0000eK\\u0001s. | something beside tensors, e",
      })
  void refusesPicklesThatDoAnythingElse(String pickle, String words) throws IOException {
    assertPickleRefused(new TorchBytes().raw(unescaped(pickle)), words);
  }

  private static String unescaped(String text) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      if (text.startsWith("\\u", i)) {
        out.append((char) Integer.parseInt(text.substring(i + 2, i + 6), 16));
        i += 5;
      } else if (text.startsWith("\\n", i)) {
        out.append('\n');
        i++;
      } else {
        out.append(text.charAt(i));
      }
    }
    return out.toString();
  }

  /** Keys are a map's, whose time must not grow with the square of their number. */
  @Test
  @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void keysOfOneHashTakeNoLongerThanOthers() throws IOException {
    TorchBytes pickle = new TorchBytes().raw("}(");
    for (int key = 0; key < 150_000; key++) {
      pickle.longNumber((long) key << 32 | key ^ 0x5bd1e995).raw("N");
    }
    assertPickleRefused(pickle.raw("u."), "holds something beside tensors");
  }

  @Test
  void refusesTensorsOutsideTheirStorages() throws IOException {
    int[] shape = {2, 3};
    int[] strides = {3, 1};
    assertPickleRefused(withMatrix(6, 1, shape, strides), "end outside its data");
    assertPickleRefused(withMatrix(6, -1, shape, strides), "end outside its data");
    assertPickleRefused(withMatrix(7, 0, shape, strides), "does not take, 7");
    assertPickleRefused(withMatrix(6, 0, new int[] {3, 2}, new int[] {1, 3}), "make it contiguous");
    assertPickleRefused(
        withMatrix(6, 0, new int[] {Integer.MAX_VALUE, 3}, new int[] {0, 1}), "make it contiguous");
    assertPickleRefused(
        withMatrix(6, 0, new int[] {Integer.MAX_VALUE, Integer.MAX_VALUE}, new int[] {0, 1}),
        "make it contiguous");
    assertPickleRefused(withMatrix(6, 0, new int[] {-2, 3}, strides), "no row of numbers");
    assertRefused(
        TorchBytes.archive("m/data.pkl", goodPickle().bytes(), "m/data/1", DATA),
        "has no data of tensor w");
  }

  @Test
  void refusesArchivesThatTorchDoesNotWrite() throws IOException {
    byte[] pickle = goodPickle().bytes();
    assertRefused(
        TorchBytes.archive("a/data.pkl", pickle, "b/data.pkl", pickle), "must have one data.pkl");
    assertRefused(
        TorchBytes.archive(
            "m/data.pkl",
            pickle,
            "m/byteorder",
            "big".getBytes(StandardCharsets.US_ASCII),
            "m/data/0",
            DATA),
        "not little-endian");
    assertRefused(new byte[] {(byte) 0x80, 2, (byte) 0x8a, 10, 0x6c}, "torch before 1.6");
    assertRefused(new byte[0], "torch before 1.6");
    byte[] good = TorchBytes.archive("m/data.pkl", pickle, "m/data/0", DATA);
    assertRefused(Arrays.copyOf(good, good.length - 1), "no directory at its end");
    assertRefused(Arrays.copyOf(good, good.length / 2), "no directory at its end");
  }

  @Test
  void refusesCompressedEntriesHoweverLargeTheyWouldBe() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.putNextEntry(new ZipEntry("m/data.pkl"));
      zip.write(new byte[1 << 22]);
    }
    assertThat(out.size()).isLessThan(1 << 13);
    assertRefused(out.toByteArray(), "compressed or encrypted");
  }

  @Test
  void refusesDirectoriesThatLie() throws IOException {
    byte[] good = TorchBytes.archive("m/data.pkl", goodPickle().bytes(), "m/data/0", DATA);
    int end = good.length - 22;
    int directory = number(good, end + 16);
    int second = directory + 46 + "m/data.pkl".length();

    // The second entry lies where the first one does.
    assertRefused(changed(good, second + 42, 0), "describes wrongly");
    byte[] twin = TorchBytes.archive("m/data.pkl", goodPickle().bytes(), "m/data/00", DATA);
    int twinDirectory = number(twin, twin.length - 22 + 16);
    int twinSecond = twinDirectory + 46 + "m/data.pkl".length();
    assertRefused(changed(twin, twinSecond + 42, 1 << 30), "outside the file");
    // Its first entry reaches into the second.
    byte[] longer = changed(good, directory + 20, 1000);
    assertRefused(changed(longer, directory + 24, 1000), "ends outside the file");
    int most = goodPickle().bytes().length + 10;
    byte[] over = changed(changed(good, directory + 20, most), directory + 24, most);
    assertRefused(over, "overlap");
    assertRefused(changed(good, directory + 24, 3), "compressed or encrypted");
    assertRefused(changed(good, end + 16, Integer.MAX_VALUE), "directory whose place");
    assertRefused(changed(good, end + 12, Integer.MAX_VALUE), "directory whose place");
    assertRefused(changed(good, end + 16, directory + 1), "directory");
    byte[] sameNames = TorchBytes.archive("m/data.pkl", DATA, "m/data.pk1", DATA);
    int names = number(sameNames, sameNames.length - 22 + 16);
    sameNames[names + 2 * 46 + 2 * "m/data.pkl".length() - 1] = 'l';
    assertRefused(sameNames, "two entries of one name");
  }

  private static int number(byte[] bytes, int at) {
    return Byte.toUnsignedInt(bytes[at])
        | Byte.toUnsignedInt(bytes[at + 1]) << 8
        | Byte.toUnsignedInt(bytes[at + 2]) << 16
        | Byte.toUnsignedInt(bytes[at + 3]) << 24;
  }

  private static byte[] changed(byte[] bytes, int at, int number) {
    byte[] copy = bytes.clone();
    for (int i = 0; i < 4; i++) {
      copy[at + i] = (byte) (number >>> 8 * i);
    }
    return copy;
  }
}
