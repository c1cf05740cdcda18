/** Says what a model is: hyper-parameters and which tensor does what. No math. */
package io.sparkllama.engine.model;
