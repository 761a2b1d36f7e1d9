def add(left, right):
    if left == 0:
        return right
    return left + right


def never(left):
    return -left


def in_a_thread(words):
    import threading

    def work():
        words.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
