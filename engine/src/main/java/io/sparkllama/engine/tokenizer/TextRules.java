package io.sparkllama.engine.tokenizer;

/**
 * Says how a vocabulary wants text prepared and framed.
 *
 * @param preTokenizer cuts text into words before merging; byte-level BPE only
 * @param addBos whether every text begins with the begin token
 * @param addEos whether every text ends with the end token
 * @param addSpacePrefix whether a space is put before text at the beginning and after special
 *     tokens; SentencePiece only
 */
public record TextRules(
    PreTokenizer preTokenizer, boolean addBos, boolean addEos, boolean addSpacePrefix) {}
