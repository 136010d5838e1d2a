"""The benchmark's replay in Python: orjson, compiled regular expressions, two processes.

Reads a log once, each process half of it, and finds for every generation where each of the paper's
rules first alarms; checkpoints after 64, 128 and 192 tokens and at the end are then comparisons.
Prints savings, false rejection and detection of the policy with all rules, and of each rule alone.
The rules are the plain forms that one writes in an afternoon: no precedence, units, LaTeX or
rounding, and estimates without intervals.
"""

import os
import re
import sys
from multiprocessing import Pool

import orjson

PROCESSES = 2
CHECKPOINTS = (64, 128, 192)
NEVER = 1 << 60

PHRASES = re.compile(
    r"that's not right|does(?:n't| not) make sense|there must be an? (?:mistake|error)"
    r"|(?:error|mistake) in the problem|error in our|i made a mistake|let(?: me|'s) start over"
    r"|let(?: me|'s) try again|let(?: me|'s) reconsider|not enough information"
    r"|insufficient information|more information|can(?:not|'t) (?:be determined|determine)"
    r"|not possible to determine|unable to determine"
    r"|the problem does(?:n't| not) (?:specify|provide|state)|not provided|as an ai"
    r"|as a language model|i can(?:not|'t) answer|i'm sorry|human:|### (?:instruction|response)"
    r"|<\|(?:im_start|im_end|endoftext)\|>"
)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
EQUATION = re.compile(
    r"(\d[\d,]*(?:\.\d+)?)\s*([-+*/×÷−])\s*\$?(\d[\d,]*(?:\.\d+)?)\s*=\s*\$?(-?\d[\d,]*(?:\.\d+)?)"
)
NEGATIVE = re.compile(r"(?:=|####)\s*\$?[-−]\s*\$?\d")
MARKER = re.compile(r"(####|Answer:|\\boxed\{)\s*\$?-?(\d[\d,]*(?:\.\d+)?)?")
QUESTION = re.compile(r"\b(?:how|what|find|calculate|determine)\b|\?", re.IGNORECASE)


def value(text):
    return float(text.replace(",", ""))


def well_posed(problem, solution):
    return NEVER if 8 <= len(problem.split()) <= 100 and QUESTION.search(problem) else 0


def phrase(problem, solution):
    found = PHRASES.search(solution.lower())
    return found.end() if found else NEVER


def marker(problem, solution):
    seen = set()
    for found in MARKER.finditer(solution):
        if found[2]:
            if found[1] in seen or not NUMBER.search(solution, 0, found.start()):
                return found.end()
            seen.add(found[1])
    return NEVER


def equation(problem, solution):
    for found in EQUATION.finditer(solution):
        a, sign, b, c = found.groups()
        a, b, c = value(a), value(b), value(c)
        if sign == "+":
            right = a + b
        elif sign in "-−":
            right = a - b
        elif sign in "*×":
            right = a * b
        elif b:
            right = a / b
        else:
            continue
        if abs(right - c) > 0.01 * max(1.0, abs(right)):
            return found.end()
    return NEVER


def magnitude(problem, solution):
    largest = max(map(value, NUMBER.findall(problem)), default=0.0)
    limit = min(1e7, 100.0 * largest) if largest else 1e7
    for found in NUMBER.finditer(solution):
        # Too short to be too large: most numbers need no conversion.
        if len(found[0]) >= 3 and value(found[0]) > limit:
            return found.end()
    return NEVER


def negative(problem, solution):
    if "-" in problem or "negative" in problem or "below" in problem:
        return NEVER
    found = NEGATIVE.search(solution)
    return found.end() if found else NEVER


def convergence(problem, solution):
    answers = {found[2] for found in MARKER.finditer(solution) if found[2]}
    if len(answers) != 1:
        return len(solution)
    answer = answers.pop()
    before = solution[: MARKER.search(solution).start()]
    steps = NUMBER.findall(before)[-12:]
    return NEVER if not steps or value(answer) in map(value, steps) else len(solution)


TRACE = (phrase, marker, equation, magnitude, negative)
RULES = (well_posed, *TRACE, convergence)
POLICIES = ("all", *(rule.__name__ for rule in RULES))


def part(job):
    """Sums over the lines that begin in a range of bytes, by policy: count, tokens in full, tokens
    paid, accepted, rejected, rejected among the accepted."""
    path, start, end = job
    sums = [[0] * 6 for _ in POLICIES]
    with open(path, "rb", buffering=1 << 20) as log:
        if start:
            log.seek(start - 1)
            log.readline()
        position = log.tell()
        for line in log:
            if position >= end:
                break
            position += len(line)
            record = orjson.loads(line)
            solution, problem = record["solution"], record["problem"]
            tokens, correct = record["solution_tokens"], record["correct"]
            ends = [len(solution) * t // tokens for t in CHECKPOINTS if t < tokens]
            alarms = [rule(problem, solution) for rule in RULES]
            alone = [min(alarms), *alarms]
            # The complete solution alone shows what convergence looks for.
            alone[0] = min(alarms[:-1]) if min(alarms[:-1]) < NEVER else alarms[-1]
            for total, alarm in zip(sums, alone):
                paid = tokens
                for checkpoint, seen in zip(CHECKPOINTS, ends):
                    if alarm <= seen:
                        paid = checkpoint
                        break
                rejected = alarm < NEVER
                total[0] += 1
                total[1] += tokens
                total[2] += paid
                total[3] += correct
                total[4] += rejected
                total[5] += rejected and correct
    return sums


def main():
    path = sys.argv[1]
    size = os.path.getsize(path)
    cuts = [size * k // PROCESSES for k in range(PROCESSES + 1)]
    with Pool(PROCESSES) as pool:
        parts = pool.map(part, [(path, *cut) for cut in zip(cuts, cuts[1:])])
    for k, policy in enumerate(POLICIES):
        count, full, paid, accepted, rejected, falsely = map(sum, zip(*(p[k] for p in parts)))
        print(
            f"{policy}: {count} records, savings {1 - paid / full:.4f}, "
            f"false rejection {falsely / max(accepted, 1):.4f}, "
            f"detection {(rejected - falsely) / max(count - accepted, 1):.4f}"
        )


if __name__ == "__main__":
    main()
