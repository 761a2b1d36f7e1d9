#include "members.h"

#include "../base/buf.h"
#include "scope.h"
#include "touch.h"

#include <string.h>

static int is_of_enum(const struct dz_sheet *sheet, uint32_t chain)
{
    uint32_t n, n_all;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n_all);
    const uint32_t *found = dz_scope_imports(sheet, dz_touch_root(sheet, chain), &n);
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(dz_sheet_string(sheet, imports[found[i]].module), "enum") != 0)
            return 0;
    return n > 0;
}

int dz_is_enum(const struct dz_sheet *sheet, uint32_t class)
{
    static const char *const bases[] = {"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"};
    const struct dz_element *element = dz_sheet_at(sheet, class);
    uint32_t number =
        dz_sheet_find(sheet, DZ_HEADER, dz_sheet_string(sheet, element->name), element->k);
    const struct dz_element *header = number == DZ_NONE ? NULL : dz_sheet_at(sheet, number);
    const struct dz_read *reads = header ? dz_sheet_reads(sheet, header) : NULL;
    for (uint32_t i = 0; header && i < header->reads.n; i++) {
        const char *name = dz_sheet_string(sheet, dz_sheet_chain(sheet, reads[i].chain)->name);
        for (size_t k = 0; k < sizeof bases / sizeof *bases; k++)
            if (strcmp(name, bases[k]) == 0 && is_of_enum(sheet, reads[i].chain))
                return 1;
    }
    return 0;
}

/* The only one of that name; none where it is inherited, or made by something else than a def. */
static const struct dz_element *method_of(const struct dz_sheet *sheet, uint32_t class,
                                          const char *name)
{
    const char *qualname = dz_sheet_string(sheet, dz_sheet_at(sheet, class)->name);
    dz_autobuf struct dz_buf whole = {0};
    dz_buf_fmt(&whole, "%s.%s", qualname, name);
    if (!dz_buf_ok(&whole) || dz_sheet_find(sheet, DZ_FUNCTION, whole.data, 2) != DZ_NONE)
        return NULL;
    uint32_t number = dz_sheet_find(sheet, DZ_FUNCTION, whole.data, 1);
    return number == DZ_NONE ? NULL : dz_sheet_at(sheet, number);
}

/* Sets an attribute or an item of something, or calls a method of something. */
static int changes_something(const struct dz_sheet *sheet, const struct dz_element *function)
{
    const uint32_t changing = DZ_READ_STORED | DZ_READ_ITEM | DZ_READ_CALLED;
    const struct dz_attribute *attributes = dz_sheet_attributes(sheet, function);
    for (uint32_t i = 0; i < function->attributes.n; i++)
        if (attributes[i].mode & changing)
            return 1;
    return 0;
}

/* A method of another class may give what the class holds, and its caller change that. */
enum dz_member_use dz_member_use(const struct dz_sheet *sheet, uint32_t class, const char *name,
                                 uint32_t mode)
{
    const uint32_t known = DZ_READ_CALLED | DZ_READ_ANNOTATION;
    if (!dz_is_enum(sheet, class))
        return DZ_MEMBER_CHANGES;
    const struct dz_element *method = method_of(sheet, class, name);
    if (mode == DZ_READ_VALUE && !method)
        return DZ_MEMBER_LEAVES;
    if (mode & ~known || !method || changes_something(sheet, method))
        return DZ_MEMBER_CHANGES;
    return method->flags & DZ_NAMES_SELF ? DZ_MEMBER_GIVES : DZ_MEMBER_LEAVES;
}
