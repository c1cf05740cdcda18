package io.sparkllama.job.plugin;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Serves what S3A asks of S3 for reading objects of one bucket: HEAD, GET of ranges, listings.
 * Keeps which ranges were asked for, and cuts connections as it is told.
 */
final class S3Store implements AutoCloseable {
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d*)");

  /** Is what one GET has asked for; to the end where it named none. */
  record Range(long start, long end) {}

  private final HttpServer server;
  private final Map<String, byte[]> objects = new ConcurrentHashMap<>(); // by /bucket/key
  final List<Range> ranges = new CopyOnWriteArrayList<>();
  final AtomicInteger cuts = new AtomicInteger(); // answers to be cut short from now on

  S3Store() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.setExecutor(Executors.newCachedThreadPool());
    server.start();
  }

  String endpoint() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  void put(String path, byte[] bytes) {
    objects.put(path, bytes);
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      byte[] object = objects.get(path);
      String query = String.valueOf(exchange.getRequestURI().getQuery());
      if (query.contains("list-type=2")) {
        send(exchange, 200, listing());
      } else if (object == null) {
        send(exchange, 404, "<Error><Code>NoSuchKey</Code></Error>");
      } else {
        sendObject(exchange, object);
      }
    }
  }

  /** Says that there is nothing: objects are found by their names. */
  private static String listing() {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><IsTruncated>false"
        + "</IsTruncated><KeyCount>0</KeyCount><MaxKeys>2</MaxKeys></ListBucketResult>";
  }

  private static void send(HttpExchange exchange, int status, String xml) throws IOException {
    byte[] bytes = xml.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/xml");
    boolean head = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(status, head ? -1 : bytes.length);
    if (!head) {
      exchange.getResponseBody().write(bytes);
    }
  }

  private void sendObject(HttpExchange exchange, byte[] object) throws IOException {
    exchange.getResponseHeaders().set("ETag", "\"" + java.util.Arrays.hashCode(object) + "\"");
    exchange.getResponseHeaders().set("Last-Modified", "Wed, 01 Jan 2025 00:00:00 GMT");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", String.valueOf(object.length));
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    Matcher asked = RANGE.matcher(String.valueOf(exchange.getRequestHeaders().getFirst("Range")));
    long start = 0;
    long end = object.length - 1L;
    if (asked.matches()) {
      start = Long.parseLong(asked.group(1));
      end = asked.group(2).isEmpty() ? end : Math.min(end, Long.parseLong(asked.group(2)));
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + start + "-" + end + "/" + object.length);
    }
    ranges.add(new Range(start, end));
    int length = (int) (end - start + 1);
    exchange.sendResponseHeaders(asked.matches() ? 206 : 200, length);
    boolean cut = cuts.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
    OutputStream out = exchange.getResponseBody();
    out.write(object, (int) start, cut ? length / 2 : length);
    out.flush();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
