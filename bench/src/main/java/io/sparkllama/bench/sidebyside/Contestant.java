package io.sparkllama.bench.sidebyside;

/** Does works on a model that it has loaded, and takes their time. One thread at a time. */
interface Contestant extends AutoCloseable {
  Reply.Ready introduction();

  /**
   * Does a work once.
   *
   * @throws RuntimeException where it cannot; the contestant may be asked for others then
   */
  Reply.Measured measured(Work work);

  @Override
  void close();
}
