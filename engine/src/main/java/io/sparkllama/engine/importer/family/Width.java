package io.sparkllama.engine.importer.family;

/** Says how long one side of a tensor is; a family may add its own, such as those of fused ones. */
@FunctionalInterface
public interface Width {
  Width EMBEDDING = HyperParameters::embedding;
  Width FEED_FORWARD = HyperParameters::feedForward;
  Width VOCABULARY = HyperParameters::vocabulary;
  Width HEAD = HyperParameters::headDimension;

  /** All query heads together. */
  Width QUERY = shape -> (long) shape.heads() * shape.headDimension();

  /** All key heads together; the values have as many. */
  Width KEY = shape -> (long) shape.kvHeads() * shape.headDimension();

  Width EXPERTS = shape -> shape.experts().count();
  Width EXPERT = shape -> shape.experts().length();
  Width SHARED_EXPERT = shape -> shape.experts().sharedLength();

  long of(HyperParameters shape);
}
