#!/usr/bin/env bash
#
# Measures how a model comes from the driver to 1, 2, 4, 8 hosts: each a network namespace with a
# line of its own, throttled both ways, and an executor with a heap of 512 MiB, as the driver has.
# Prints the seconds until the last host has it, and what each node has sent, in models.
#
# Needs root, ip, tc, and disk for two models more than there are hosts. Builds what is checked
# out, unless BROADCAST_CLASS_PATH names it. Where namespaces are not allowed it says so, and ends.
# Usage: bench/broadcast_hosts.sh [MEBIBYTES [MEGABITS_PER_SECOND [HOSTS ...]]]

set -euo pipefail

MEBIBYTES="${1:-1024}"
MEGABITS="${2:-200}" # 0: as fast as the machine
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- 1 2 4 8

ROOT="$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
NAMES="slb$$"               # of namespaces and interfaces: other runs have others
NETWORK="10.77.$(($$ % 250))"
MOST="$(printf '%s\n' "$@" | sort -n | tail -1)"
WORK="$(mktemp -d)"
PROCESSES=()

stop_processes() {
  for process in "${PROCESSES[@]}"; do kill "$process" 2>/dev/null || true; done
  wait 2>/dev/null || true
  PROCESSES=()
}

finish() {
  stop_processes
  for i in $(seq 0 "$MOST"); do ip netns del "$NAMES-$i" 2>/dev/null || true; done
  ip link del "$NAMES" 2>/dev/null || true
  rm -rf "$WORK"
}
trap finish EXIT
trap 'exit 143' INT TERM

address() { echo "$NETWORK.$((10 + $1))"; }

throttle() { # COMMAND ... DEVICE: segments must not be larger than the bucket of the throttle
  [ "$MEGABITS" -eq 0 ] || "${@:1:$#-1}" tc qdisc add dev "${!#}" root tbf \
    rate "${MEGABITS}mbit" burst 256kb latency 100ms
}

make_node() { # NUMBER: node 0 is the driver's
  local node="$NAMES-$1"
  ip netns add "$node"
  ip link add "$node" type veth peer name eth0 netns "$node"
  ip link set "$node" master "$NAMES" up
  ip netns exec "$node" ip addr add "$(address "$1")/24" dev eth0
  ip netns exec "$node" ip link set eth0 up
  ip netns exec "$node" ip link set lo up
  throttle env "$node"
  throttle ip netns exec "$node" eth0
}

sent() { ip netns exec "$NAMES-$1" cat /sys/class/net/eth0/statistics/tx_bytes; }

class_path() {
  (cd "$ROOT" && mvn -q -B -DskipTests -Dmdep.outputFile=target/classpath.txt \
    -pl engine,job,bench test-compile dependency:build-classpath) >&2
  printf '%s:' "$ROOT/job/target/test-classes"
  cat "$ROOT/bench/target/classpath.txt"
}

# Runs in the background; the process is the last of PROCESSES.
java_in() { # NODE OUTPUT ERRORS ARGUMENT ...
  # A collector that takes no threads of its own: ten processes share this machine's processors.
  # shellcheck disable=SC2086
  ip netns exec "$NAMES-$1" env SPARK_HOME="$WORK/home" SPARK_SCALA_VERSION=2.13 \
    SPARK_LOCAL_IP="$(address "$1")" SPARK_LOCAL_DIRS="$WORK/tmp" \
    JAVA_TOOL_OPTIONS=-XX:+UseSerialGC java -Xmx512m $OPENS -Djdk.reflect.useDirectMethodHandle=false \
    -Dio.netty.tryReflectionSetAccessible=true -Djava.io.tmpdir="$WORK/tmp" \
    -Dlog4j2.configurationFile="file:$WORK/log4j2.properties" -cp "$CLASS_PATH" "${@:4}" \
    >"$2" 2>"$3" &
  PROCESSES+=($!)
}

wait_for() { # FILE TEXT TIMES
  for _ in $(seq 600); do
    [ "$(grep -c "$2" "$1" 2>/dev/null || true)" -ge "$3" ] && return
    sleep 0.2
  done
  echo "not so often in $1 within two minutes: $2" >&2
  tail -20 "$1" >&2
  exit 1
}

start_cluster() { # HOSTS
  rm -rf "$WORK/home" "$WORK/tmp" "$WORK/caches"
  mkdir -p "$WORK/home/jars" "$WORK/tmp" "$WORK/caches"
  java_in 0 "$WORK/master.log" "$WORK/master.log" org.apache.spark.deploy.master.Master \
    --host "$(address 0)" --port 7077 --webui-port 0
  wait_for "$WORK/master.log" "Starting Spark master" 1
  for i in $(seq "$1"); do
    java_in "$i" "$WORK/worker$i.log" "$WORK/worker$i.log" org.apache.spark.deploy.worker.Worker \
      --host "$(address "$i")" --webui-port 0 --cores 1 --memory 600m \
      --work-dir "$WORK/home/work$i" "spark://$(address 0):7077"
  done
  wait_for "$WORK/master.log" "Registering worker" "$1"
}

measure() { # HOSTS
  local before=()
  start_cluster "$1"
  for i in $(seq 0 "$1"); do before+=("$(sent "$i")"); done
  java_in 0 "$WORK/times" "$WORK/driver.log" -Dspark.master="spark://$(address 0):7077" \
    -Dspark.driver.host="$(address 0)" -Dspark.driver.bindAddress="$(address 0)" \
    io.sparkllama.job.plugin.BroadcastOnCluster \
    "$WORK/m.gguf" "$WORK/caches" "$1" "$1" $((32 << 20)) false
  wait "${PROCESSES[-1]}" || { tail -30 "$WORK/driver.log" >&2; exit 1; }
  printf 'hosts %s, %s MiB, %s Mbit/s: %s s; sent, in models: driver' "$1" "$MEBIBYTES" \
    "$MEGABITS" "$(awk '{ print $NF }' "$WORK/times" | sort -n | tail -1)"
  for i in $(seq 0 "$1"); do
    [ "$i" -ne 1 ] || printf ', hosts'
    awk -v bytes="$(($(sent "$i") - before[i]))" -v model="$((MEBIBYTES << 20))" \
      'BEGIN { printf " %.2f", bytes / model }'
  done
  printf '\n'
  for i in $(seq "$1"); do
    cmp "$WORK/m.gguf" "$WORK/caches/host$((i - 1))"/*/m.gguf
  done
  stop_processes
}

if ! ip link add "$NAMES" type bridge || ! ip netns add "$NAMES-0"; then
  echo "skipped: hosts are network namespaces here, and this machine or user may not make any" >&2
  exit 0
fi
ip netns del "$NAMES-0"
ip addr add "$NETWORK.1/24" dev "$NAMES"
ip link set "$NAMES" up
for i in $(seq 0 "$MOST"); do make_node "$i"; done

CLASS_PATH="${BROADCAST_CLASS_PATH:-$(class_path)}"
OPENS="$(grep -o -- '--add-opens=[^ <]*' "$ROOT/job/pom.xml" | sort -u | tr '\n' ' ')"
head -c "${MEBIBYTES}M" /dev/urandom >"$WORK/m.gguf"
cat >"$WORK/log4j2.properties" <<'TEXT'
rootLogger.level = info
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{HH:mm:ss.SSS} %level %logger{1} %msg%n%throwable{short}
TEXT

for hosts in "$@"; do measure "$hosts"; done
