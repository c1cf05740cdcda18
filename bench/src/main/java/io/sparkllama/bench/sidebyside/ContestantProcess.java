package io.sparkllama.bench.sidebyside;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Gives commands to a contestant in a process of its own. One thread at a time. */
final class ContestantProcess implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LAST_LINES = 3;
  private static final long SECONDS_TO_END = 20;

  private final Process process;
  private final Path log;
  private final Duration patience;
  private final BufferedReader replies;
  private final Writer commands;

  private ContestantProcess(Process process, Path log, Duration patience) {
    this.process = process;
    this.log = log;
    this.patience = patience;
    this.replies = process.inputReader(StandardCharsets.UTF_8);
    this.commands = process.outputWriter(StandardCharsets.UTF_8);
  }

  /**
   * Starts a contestant, which loads its model then.
   *
   * @param patience after which a contestant without a reply is given up
   */
  static ContestantProcess start(List<String> command, Duration patience) throws IOException {
    Path log = Files.createTempFile("contestant", ".log");
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(log.toFile());
    try {
      return new ContestantProcess(builder.start(), log, patience);
    } catch (IOException e) {
      Files.delete(log);
      throw e;
    }
  }

  /** Waits until the contestant has introduced itself, or says why it cannot take part. */
  Reply introduction() {
    return nextReply();
  }

  long pid() {
    return process.pid();
  }

  Reply measured(Work work) {
    return send(work.toJson());
  }

  Reply memory() {
    return send(command("memory"));
  }

  private Reply send(ObjectNode command) {
    try {
      write(command);
    } catch (IOException e) {
      return ended();
    }
    return nextReply();
  }

  private void write(ObjectNode command) throws IOException {
    commands.write(command + "\n");
    commands.flush();
  }

  private Reply nextReply() {
    CompletableFuture<Reply> reply = CompletableFuture.supplyAsync(this::readReply);
    try {
      return reply.get(patience.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      process.destroyForcibly();
      return new Reply.Refused("no reply within " + patience.toSeconds() + " seconds");
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      return new Reply.Refused("interrupted");
    } catch (ExecutionException e) {
      throw new IllegalStateException("a reply could not be read", e.getCause());
    }
  }

  // Libraries print to standard output too: what is no reply is passed over.
  private Reply readReply() {
    try {
      for (String line = replies.readLine(); line != null; line = replies.readLine()) {
        if (line.startsWith("{")) {
          try {
            return Reply.of(JSON.readTree(line));
          } catch (JsonProcessingException | IllegalArgumentException e) {
            System.err.println("passed over: " + line);
          }
        }
      }
    } catch (IOException e) {
      return ended();
    }
    return ended();
  }

  private Reply ended() {
    return new Reply.Refused("the process ended: " + lastLines());
  }

  private String lastLines() {
    try {
      List<String> lines =
          new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
              .lines()
              .filter(line -> !line.isBlank())
              .toList();
      return String.join(
          " / ", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    } catch (IOException e) {
      return "its messages cannot be read";
    }
  }

  private static ObjectNode command(String work) {
    return JsonNodeFactory.instance.objectNode().put("work", work);
  }

  /** Lets the contestant end, or ends it. */
  @Override
  public void close() {
    try {
      write(command("quit"));
      process.getOutputStream().close(); // who does not know the word finds no more commands
      process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS);
    } catch (IOException e) {
      // it has ended already
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
    try {
      Files.deleteIfExists(log);
    } catch (IOException e) {
      System.err.println("left behind: " + log);
    }
  }
}
