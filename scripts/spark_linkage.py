#!/usr/bin/env python3
"""Says which classes, methods and fields that a jar's own code names are missing on a class path.

    scripts/spark_linkage.py JAR CLASS_PATH

Java finds such a lack only when the line is reached. The jar is compiled against one release of Spark and
runs on others: with the class path of each, this finds what a test's way through the code does not touch.
Exits with 1 where anything is missing. What comes from the JDK is taken for there. Class files as of the
Java Virtual Machine Specification, chapter 4.
"""

import struct
import sys
import zipfile
from dataclasses import dataclass

OWN = "io/sparkllama/"
OTHERS_IN_JAR = "io/sparkllama/shaded/"
JDK = ("java/", "javax/", "jdk/", "sun/misc/Signal")  # the last by the module jdk.unsupported
# Bytes after the tag, for constants that are only stepped over or read as one or two indexes.
CONSTANT_BYTES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
# What every class has, whatever it extends.
OBJECT = {"equals", "hashCode", "toString", "getClass", "clone", "wait", "notify", "notifyAll"}
UTF8, CLASS, WIDE, MEMBER_REFERENCES = 1, 7, (5, 6), (9, 10, 11)


@dataclass(frozen=True)
class ClassFile:
    """What linking looks at: supertypes, members as (name, descriptor), and what the code names."""

    parents: tuple
    members: frozenset
    classes: frozenset
    references: frozenset  # (class, name, descriptor)


def constants(data):
    """Returns the constant pool, as (tag, payload) by index, and the offset behind it."""
    count = struct.unpack_from(">H", data, 8)[0]
    pool, offset, index = [None] * count, 10, 1
    while index < count:
        tag = data[offset]
        if tag == UTF8:
            length = struct.unpack_from(">H", data, offset + 1)[0]
            pool[index] = (tag, data[offset + 3 : offset + 3 + length].decode("utf-8", "replace"))
            offset += 3 + length
        else:
            size = CONSTANT_BYTES[tag]
            pool[index] = (tag, data[offset + 1 : offset + 1 + size])
            offset += 1 + size
        index += 2 if tag in WIDE else 1
    return pool, offset


def members(data, offset, pool):
    """Returns fields and methods as (name, descriptor)."""
    found = set()
    for _ in ("fields", "methods"):
        count = struct.unpack_from(">H", data, offset)[0]
        offset += 2
        for _ in range(count):
            name, descriptor, attributes = struct.unpack_from(">HHH", data, offset + 2)
            found.add((pool[name][1], pool[descriptor][1]))
            offset += 8
            for _ in range(attributes):
                offset += 6 + struct.unpack_from(">I", data, offset + 2)[0]
    return frozenset(found)


def class_file(data):
    pool, offset = constants(data)

    def indexes(payload):
        return struct.unpack(f">{len(payload) // 2}H", payload)

    def class_name(index):
        return pool[indexes(pool[index][1])[0]][1]

    def reference(payload):
        owner, name_and_type = indexes(payload)
        name, descriptor = indexes(pool[name_and_type][1])
        return class_name(owner), pool[name][1], pool[descriptor][1]

    used = [constant for constant in pool if constant]
    parent, count = struct.unpack_from(">HH", data, offset + 4)
    interfaces = struct.unpack_from(f">{count}H", data, offset + 8)
    return ClassFile(
        tuple(class_name(index) for index in (parent, *interfaces) if index),
        members(data, offset + 8 + 2 * count, pool),
        frozenset(pool[indexes(payload)[0]][1] for tag, payload in used if tag == CLASS),
        frozenset(reference(payload) for tag, payload in used if tag in MEMBER_REFERENCES),
    )


class ClassPath:
    """Finds classes in jars, the first that has one first."""

    def __init__(self, jars):
        self._jars = {}
        self._read = {}
        for jar in map(zipfile.ZipFile, jars):
            for name in jar.namelist():
                if name.endswith(".class") and not name.startswith("META-INF/"):
                    self._jars.setdefault(name[: -len(".class")], jar)

    def has_class(self, name):
        return name.startswith(JDK) or name in self._jars

    def has_member(self, owner, name, descriptor):
        if owner.startswith(JDK):
            return True
        if owner not in self._jars:
            return False
        if owner not in self._read:
            self._read[owner] = class_file(self._jars[owner].read(owner + ".class"))
        found = self._read[owner]
        if (name, descriptor) in found.members:
            return True
        parents = [parent for parent in found.parents if parent != "java/lang/Object"]
        return name in OBJECT or any(self.has_member(parent, name, descriptor) for parent in parents)


def element(name):
    """Returns the class that an array's name ends in, or nothing for one of numbers."""
    if not name.startswith("["):
        return name
    name = name.lstrip("[")
    return name[1:-1] if name.startswith("L") else ""


def missing(jar, class_path):
    """Yields (class of the jar, what it lacks)."""
    content = zipfile.ZipFile(jar)
    for entry in content.namelist():
        if not entry.endswith(".class") or not entry.startswith(OWN) or entry.startswith(OTHERS_IN_JAR):
            continue
        code = class_file(content.read(entry))
        for name in map(element, code.classes):
            if name and not class_path.has_class(name):
                yield entry, name
        for owner, name, descriptor in code.references:
            if not owner.startswith("[") and not class_path.has_member(owner, name, descriptor):
                yield entry, f"{owner}.{name}{descriptor}"


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: spark_linkage.py JAR CLASS_PATH")
    jar, class_path = sys.argv[1], ClassPath([sys.argv[1], *sys.argv[2].strip().split(":")])
    lacks = sorted(set(missing(jar, class_path)))
    for entry, what in lacks:
        print(f"{entry} names what is not there: {what}")
    sys.exit(1 if lacks else 0)


if __name__ == "__main__":
    main()
