"""What a recogniser has freed goes back to the system, and threads share their heaps."""

import asyncio
import subprocess
import sys
import threading

import pytest

from sipbot import heap
from tests.brokers import PATIENCE_S

COMMON = """
import ctypes, threading
from sipbot import heap

libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
libc.malloc.argtypes, libc.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
libc.fopen.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]

def resident_mb():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 // 2**20
"""

PROGRAM = (
    COMMON
    + """
all_here, freed = threading.Barrier(8), threading.Event()

def work():
    all_here.wait()
    blocks = [libc.malloc(1000) for _ in range(10_000)]
    for address in blocks:
        ctypes.memset(address, 1, 1000)
    all_here.wait()
    for address in blocks[:-1]:  # the last stays: as a word of a text that outlives its job
        libc.free(address)

heap.limit(0)
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
before_mb = resident_mb()
heap.give_back()
file = libc.fopen(b"/dev/stdout", b"w")
libc.malloc_info(0, file)
libc.fclose(file)
print("given back", before_mb - resident_mb())
"""
)

ROUNDS = (
    COMMON
    + """
all_here = threading.Barrier(8)

def work():
    all_here.wait()
    blocks = [libc.malloc(size) for size in range(24, 1000, 16) for _ in range(500)]
    for address in blocks:
        ctypes.memset(address, 1, 8)
    all_here.wait()
    for address in blocks:
        libc.free(address)

heap.limit(8)
for _ in range(5):
    before_mb = resident_mb()
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    heap.sweep(threads, 8)
    print(resident_mb() - before_mb)
"""
)


def test_no_heap_of_ended_threads_keeps_what_they_freed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ROUNDS], capture_output=True, text=True, check=True, timeout=60
    )
    _, *later = map(int, done.stdout.split())
    assert 10 >= max(later)  # each round fills and frees 120 MB


def test_threads_share_two_heaps_and_what_they_freed_goes_back_to_the_system() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    *_, given_back = done.stdout.split()
    assert 2 == done.stdout.count("<heap nr=")
    assert 50 <= int(given_back)  # of 76 MB


async def test_main_gives_back_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    given_back = threading.Semaphore(0)
    monkeypatch.setattr(heap, "GIVE_BACK_S", 0.0)
    monkeypatch.setattr(heap, "give_back", given_back.release)

    keeping = asyncio.create_task(heap.keep_small())

    for _ in range(2):
        assert await asyncio.to_thread(given_back.acquire, timeout=PATIENCE_S)
    keeping.cancel()
