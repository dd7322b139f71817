"""Learning the merges of byte-pair encoding, in time that grows with the text and not with text times merges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

Pair = tuple[int, int]
GAP = -1  # stands between words, and where a merge took a token away


def learn_merges(words: Iterable[tuple[list[int], int]], count: int, *, first_id: int) -> Iterator[Pair]:
    """Yield up to `count` merges for `words`: (ids, how many times the word occurs). The k-th makes id first_id + k.

    The pair that occurs most often comes first, of equals the lowest; a pair that occurs once is never merged.
    """
    corpus = _Corpus(words)
    heap = [(-times, pair) for pair, times in corpus.counts.items()]
    heapify(heap)
    for new in range(first_id, first_id + count):
        pair = _most_frequent(heap, corpus.counts)
        if pair is None:
            return
        for made in corpus.merge(pair, new):
            heappush(heap, (-corpus.counts[made], made))
        yield pair


def _most_frequent(heap: list[tuple[int, Pair]], counts: dict[Pair, int]) -> Pair | None:
    """Take the pair that occurs most often. Counts in the heap may be too high, never too low: they are put right."""
    while heap:
        negative, pair = heappop(heap)
        times = counts.get(pair, 0)
        if times == -negative and times >= 2:
            return pair
        if times >= 2:
            heappush(heap, (-times, pair))
    return None


class _Corpus:
    """All words as one linked list of ids, with the count and the places of every pair of neighbours.

    A place is the index of the pair's left id. Places that a merge has overtaken stay listed and are skipped. They are
    listed from left to right, which decides how a run like "aaa" is merged.
    """

    def __init__(self, words: Iterable[tuple[list[int], int]]) -> None:
        self.ids = [GAP]
        self.weights = [0]
        for ids, times in words:
            self.ids += [*ids, GAP]
            self.weights += [times] * (len(ids) + 1)
        size = len(self.ids)
        self.before = list(range(-1, size - 1))
        self.after = list(range(1, size + 1))
        self.counts: dict[Pair, int] = {}
        self.places: dict[Pair, list[int]] = {}
        for i in range(size - 1):
            if self.ids[i] != GAP and self.ids[i + 1] != GAP:
                self._add(i, i + 1)

    def _add(self, i: int, j: int) -> Pair:
        pair = self.ids[i], self.ids[j]
        self.counts[pair] = self.counts.get(pair, 0) + self.weights[i]
        self.places.setdefault(pair, []).append(i)
        return pair

    def merge(self, pair: Pair, new: int) -> set[Pair]:
        """Replace every `pair` by `new`; return the pairs that this made."""
        ids, before, after, counts = self.ids, self.before, self.after, self.counts
        made: set[Pair] = set()
        for i in self.places.pop(pair):
            j = after[i]
            if (ids[i], ids[j]) != pair:
                continue
            h, k = before[i], after[j]
            weight = self.weights[i]
            if ids[h] != GAP:
                counts[ids[h], ids[i]] -= weight
            if ids[k] != GAP:
                counts[ids[j], ids[k]] -= weight
            ids[i], ids[j] = new, GAP
            after[i], before[k] = k, i
            if ids[h] != GAP:
                made.add(self._add(h, i))
            if ids[k] != GAP:
                made.add(self._add(i, k))
        del counts[pair]
        return made
