#!/usr/bin/env bash
# Trains trackvla-nano from nothing: frames, tower, expert's episodes, behaviour cloning, DAgger rounds.
#   scripts/train_nano.sh runs/nano          give it again after any kill: every step goes on where it stopped
# STILLS, STILL_SHARDS, IMAGES, EPISODES, STEPS, ROUNDS, ROUND_EPISODES, ROUND_STEPS, ANNEAL change its size.
set -euo pipefail
run=${1:?folder of the run}
python=${PYTHON:-.venv/bin/python}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

"$python" -m evt_bench.data.record_stills "$run/stills" --shards "${STILLS:-400}"
"$python" -m trackvla_ros.training.dense "$run/stills" "$run/tower" --images "${IMAGES:-400000}"
"$python" -m evt_bench.data.record_episodes "$run/episodes/round0" --shards "${EPISODES:-40}"
steps=${STEPS:-3000}
"$python" -m trackvla_ros.training.nano.train "$run/nano" --data "$run" --steps "$steps" \
    --still-shards "${STILL_SHARDS:-1000}"
for ((round = 1; round <= ${ROUNDS:-8}; round++)); do
    "$python" -m evt_bench.data.record_episodes "$run/episodes/round$round" --shards "${ROUND_EPISODES:-12}" \
        --round "$round" --checkpoint "$run/nano/model"
    steps=$((steps + ${ROUND_STEPS:-500}))
    "$python" -m trackvla_ros.training.nano.train "$run/nano" --data "$run" --steps "$steps" \
    --still-shards "${STILL_SHARDS:-1000}"
done
steps=$((steps + ${ANNEAL:-900}))
"$python" -m trackvla_ros.training.nano.train "$run/nano" --data "$run" --steps "$steps" \
    --still-shards "${STILL_SHARDS:-1000}" --anneal "${ANNEAL:-900}"
