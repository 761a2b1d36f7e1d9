/* Any bytes may lie where a sheet is kept, and come from the process that makes it: they are refused, or all that they
 * say can be used without looking again. */
#include "host/base/buf.h"
#include "host/base/mem.h"
#include "host/record/sheet.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static void use_element(const struct dz_sheet *sheet, uint32_t number)
{
    dz_autobuf struct dz_buf text = {0};
    const struct dz_element *element = dz_sheet_at(sheet, number);
    const char *name = dz_sheet_string(sheet, element->name);
    for (uint32_t i = 0; i < element->binds.n; i++)
        dz_buf_str(&text, dz_sheet_string(sheet, dz_sheet_binds(sheet, element)[i].name));
    for (uint32_t i = 0; i < element->reads.n && i < 16; i++)
        dz_sheet_put_chain(sheet, dz_sheet_reads(sheet, element)[i].chain, &text);
    for (uint32_t i = 0; i < element->words.n && i < 16; i++)
        dz_sheet_put_chain(sheet, dz_sheet_words(sheet, element)[i], &text);
    for (uint32_t i = 0; i < element->paths.n; i++)
        dz_buf_str(&text, dz_sheet_string(sheet, dz_sheet_paths(sheet, element)[i]));
    for (uint32_t i = 0; i < element->attributes.n; i++)
        dz_buf_str(&text, dz_sheet_string(sheet, dz_sheet_attributes(sheet, element)[i].name));
    uint32_t found = dz_sheet_find(sheet, element->kind, name, element->k);
    if (found == DZ_NONE || found > number)
        abort();
    if (dz_sheet_find_code(sheet, element->first_line, DZ_CODE_FUNCTION, name) == DZ_NONE &&
        element->kind == DZ_FUNCTION)
        abort();
    dz_sheet_find_line(sheet, element->last_line);
}

static void take(const void *bytes, size_t size)
{
    struct dz_err err;
    struct dz_sheet *sheet = dz_sheet_new(bytes, size, &err);
    if (!sheet)
        return;
    uint32_t n_imports;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n_imports);
    for (uint32_t i = 0; i < n_imports; i++)
        if (imports[i].element >= dz_sheet_n(sheet))
            abort();
    for (uint32_t i = 0; i < dz_sheet_n(sheet) && i < 64; i++)
        use_element(sheet, i);
    dz_sheet_problem(sheet);
    dz_sheet_free(sheet);
}

static const uint32_t record_sizes[] = {
#define DZ_PART(name, type) sizeof(type),
    DZ_SHEET_PARTS
#undef DZ_PART
};

/* A right head over bytes that are not: the first of them say how many records each part has. */
static void take_as_body(const uint8_t *data, size_t size)
{
    if (size < DZ_SHEET_PART_COUNT)
        return;
    struct dz_sheet_head head = {.version = DZ_SHEET_VERSION, .problem = DZ_NONE};
    memcpy(head.magic, DZ_SHEET_MAGIC, sizeof head.magic);
    dz_autobuf struct dz_buf sheet = {0};
    size_t body = 0;
    for (int part = 0; part < DZ_SHEET_PART_COUNT; part++) {
        head.n[part] = data[part] % 8;
        body += head.n[part] * record_sizes[part];
    }
    dz_buf_put(&sheet, &head, sizeof head);
    data += DZ_SHEET_PART_COUNT;
    size -= DZ_SHEET_PART_COUNT;
    dz_buf_put(&sheet, data, size < body ? size : body);
    for (size_t i = size; i < body; i++)
        dz_buf_put(&sheet, "", 1);
    if (!dz_buf_ok(&sheet))
        return;
    size_t from = offsetof(struct dz_sheet_head, version);
    head.check = XXH3_64bits(sheet.data + from, sheet.len - from);
    memcpy(sheet.data, &head, sizeof head);
    take(sheet.data, sheet.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    take(data, size);
    take_as_body(data, size);
    return 0;
}
