/**
 * Renders chat templates: a small interpreter of the Jinja that they are written in, which knows
 * strings, numbers, booleans, lists and maps, reaches no Java object, and works within budgets.
 */
package io.sparkllama.engine.chat;
