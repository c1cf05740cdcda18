package io.sparkllama.engine.chat;

/** Stands for a construct of a compiled template; nodes hold no state and serve any thread. */
sealed interface TemplateNode permits Expression, Statement {}
