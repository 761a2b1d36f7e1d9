#include "elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#if defined __x86_64__
#define OUR_MACHINE EM_X86_64
#elif defined __aarch64__
#define OUR_MACHINE EM_AARCH64
#else
#error "tell elf.c the e_machine of this architecture"
#endif
#define OUR_CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)

struct image {
    const char *at;
    size_t size;
    const ElfW(Phdr) * segments;
    size_t n_segments;
};

/* The file may be anything: each part of it is checked before it is read. */
static const void *part(const struct image *image, uint64_t offset, uint64_t size)
{
    if (offset > image->size || size > image->size - offset || offset % sizeof(void *))
        return NULL;
    return image->at + offset;
}

/* 1 when it is an executable of this machine with a table of segments. */
static int read_header(struct image *image)
{
    const ElfW(Ehdr) *header = part(image, 0, sizeof *header);
    if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != OUR_CLASS || header->e_machine != OUR_MACHINE ||
        header->e_phentsize != sizeof(ElfW(Phdr)))
        return 0;
    image->segments = part(image, header->e_phoff, (uint64_t)header->e_phnum * sizeof(ElfW(Phdr)));
    image->n_segments = header->e_phnum;
    return image->segments != NULL;
}

static const ElfW(Phdr) * dynamic_segment(const struct image *image)
{
    for (size_t i = 0; i < image->n_segments; i++)
        if (image->segments[i].p_type == PT_DYNAMIC)
            return &image->segments[i];
    return NULL;
}

/* What is loaded at this address, up to the end of the file. */
static const char *at_address(const struct image *image, uint64_t address)
{
    for (size_t i = 0; i < image->n_segments; i++) {
        const ElfW(Phdr) *segment = &image->segments[i];
        if (segment->p_type != PT_LOAD || address < segment->p_vaddr ||
            address - segment->p_vaddr >= segment->p_filesz)
            continue;
        uint64_t offset = segment->p_offset + (address - segment->p_vaddr);
        return offset < image->size ? image->at + offset : NULL;
    }
    return NULL;
}

static const char *string(const struct image *image, const char *strings, uint64_t index)
{
    const char *end = image->at + image->size;
    if (!strings || index >= (uint64_t)(end - strings))
        return NULL;
    return memchr(strings + index, 0, (size_t)(end - strings) - index) ? strings + index : NULL;
}

/* libpython3.X, not the libpython3.so of the stable ABI. */
static int is_libpython(const char *name)
{
    const char *start = "libpython3.";
    return name && strncmp(name, start, strlen(start)) == 0 && name[strlen(start)] >= '0' &&
           name[strlen(start)] <= '9';
}

static int keep(char **slot, const char *text)
{
    dz_free(*slot);
    *slot = text ? dz_strdup(text) : NULL;
    return *slot || !text ? 0 : -ENOMEM;
}

static int read_entry(struct dz_elf *ret, const struct image *image, const char *strings,
                      const ElfW(Dyn) * entry)
{
    uint64_t index = entry->d_un.d_val;
    switch (entry->d_tag) {
    case DT_NEEDED:
        return is_libpython(string(image, strings, index)) ? keep(&ret->libpython, strings + index)
                                                           : 0;
    case DT_RPATH:
        return keep(&ret->rpath, string(image, strings, index));
    case DT_RUNPATH:
        return keep(&ret->runpath, string(image, strings, index));
    default:
        return 0;
    }
}

static int read_dynamic(struct dz_elf *ret, const struct image *image)
{
    const ElfW(Phdr) *segment = dynamic_segment(image);
    const ElfW(Dyn) *first = segment ? part(image, segment->p_offset, segment->p_filesz) : NULL;
    if (!first)
        return 0;
    const ElfW(Dyn) *last = first + segment->p_filesz / sizeof *first;
    const char *strings = NULL;
    for (const ElfW(Dyn) *entry = first; entry < last && entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_STRTAB)
            strings = at_address(image, entry->d_un.d_ptr);
    for (const ElfW(Dyn) *entry = first; entry < last && entry->d_tag != DT_NULL; entry++)
        if (read_entry(ret, image, strings, entry) < 0)
            return -ENOMEM;
    return ret->runpath ? keep(&ret->rpath, NULL) : 0;
}

static int map_file(struct image *image, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct stat status;
    int r = fstat(fd, &status) < 0 ? -errno : 0;
    if (r == 0 && status.st_size > 0) {
        void *at = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (at == MAP_FAILED)
            r = -errno;
        else
            *image = (struct image){.at = at, .size = (size_t)status.st_size};
    }
    close(fd);
    return r;
}

int dz_elf_read(struct dz_elf *ret, const char *path, struct dz_err *err)
{
    *ret = (struct dz_elf){0};
    struct image image = {0};
    int r = map_file(&image, path);
    if (r < 0)
        return dz_fail(err, r, "cannot read '%s'", path);
    int is_elf = read_header(&image);
    r = is_elf ? read_dynamic(ret, &image) : 0;
    if (image.at)
        munmap((void *)image.at, image.size);
    if (r < 0) {
        dz_elf_free(ret);
        return dz_fail(err, r, "cannot read '%s'", path);
    }
    return is_elf;
}

void dz_elf_free(struct dz_elf *elf)
{
    dz_free(elf->libpython);
    dz_free(elf->rpath);
    dz_free(elf->runpath);
    *elf = (struct dz_elf){0};
}
