/** Makes prompts of rows: templates, the text of column values, and the key of a row. */
package io.sparkllama.job.prompt;
