package io.sparkllama.engine.chat;

/**
 * Stands for what templates compute with. Nothing else exists for a template: no Java object, class
 * or method can be reached through a value.
 */
sealed interface TemplateValue
    permits BooleanValue,
        CallableValue,
        FloatValue,
        IntegerValue,
        IteratorValue,
        JoinerValue,
        CyclerValue,
        LoopValue,
        MapValue,
        NamespaceValue,
        NoneValue,
        SequenceValue,
        StringValue,
        UndefinedValue {

  /** Returns the name of the type as Python has it, for messages. */
  String typeName();

  /** Tells whether the value counts as true in a condition. */
  boolean truth();
}
