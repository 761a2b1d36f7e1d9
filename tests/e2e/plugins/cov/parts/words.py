def longest(words):
    best = ""
    for word in words:
        if len(word) > len(best):
            best = word
    return best


class Book:
    def __init__(self, title):
        self.title = title

    def cry(self):
        return self.title.upper()
