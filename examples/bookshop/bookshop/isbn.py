"""International standard book numbers, both lengths."""


def digits(text):
    return text.replace("-", "").replace(" ", "").upper()


def is_valid(text):
    code = digits(text)
    if len(code) == 10 and code[:9].isdigit() and (code[9].isdigit() or code[9] == "X"):
        return _sum_10(code) % 11 == 0
    return len(code) == 13 and code.isdigit() and _sum_13(code) % 10 == 0


def to_13(text):
    """The long form of either."""
    if not is_valid(text):
        raise ValueError(f"{text!r} is not an ISBN")
    code = digits(text)
    if len(code) == 13:
        return code
    body = "978" + code[:9]
    return body + str(-_sum_13(body) % 10)


def _sum_10(code):
    return sum(weight * (10 if digit == "X" else int(digit)) for weight, digit in zip(range(10, 0, -1), code))


def _sum_13(code):
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(code))
