package io.sparkllama.bench.sidebyside;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Obeys commands, one JSON object a line, until the input ends or one says {@code quit}. */
final class ContestantLoop {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Loads a model. */
  interface Opening {
    Contestant open() throws Exception;
  }

  private final BufferedReader commands;
  private final PrintStream replies;

  ContestantLoop(InputStream commands, PrintStream replies) {
    this.commands = new BufferedReader(new InputStreamReader(commands, StandardCharsets.UTF_8));
    this.replies = replies;
  }

  /** Obeys what comes on standard input; whatever else prints there goes to standard error. */
  static void run(Opening opening) throws IOException {
    PrintStream replies = System.out;
    System.setOut(System.err);
    new ContestantLoop(System.in, replies).obey(opening);
  }

  void obey(Opening opening) throws IOException {
    try (Contestant contestant = opening.open()) {
      reply(contestant.introduction());
      obey(contestant);
    } catch (IOException e) {
      throw e;
    } catch (Exception | LinkageError e) {
      reply(refusal(e));
    }
  }

  private void obey(Contestant contestant) throws IOException {
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      JsonNode command = JSON.readTree(line);
      String work = command.path("work").asText();
      if (work.equals("quit")) {
        return;
      }
      if (work.equals("memory")) {
        reply(new Reply.Memory(ResidentMemory.ofThisProcess()));
        continue;
      }
      try {
        reply(contestant.measured(Work.of(command)));
      } catch (RuntimeException e) {
        reply(refusal(e));
      }
    }
  }

  private static Reply refusal(Throwable problem) {
    return new Reply.Refused(
        problem.getMessage() == null ? problem.toString() : problem.getMessage());
  }

  private void reply(Reply reply) {
    replies.println(reply.toJson());
    replies.flush();
  }
}
