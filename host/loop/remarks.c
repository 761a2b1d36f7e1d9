/* What processes remark on: each text is told once in the block, with how often it was said. */
#include "job.h"

#include "../base/mem.h"

#include <string.h>

enum { MOST_SHOWN = 300 };

static struct dz_remark *find(struct dz_remarks *remarks, struct dz_bytes text)
{
    for (uint32_t i = 0; i < remarks->n; i++)
        if (strlen(remarks->list[i].text) == text.size &&
            memcmp(remarks->list[i].text, text.at, text.size) == 0)
            return &remarks->list[i];
    return NULL;
}

void dz_remarks_add(struct dz_remarks *remarks, struct dz_bytes text)
{
    if (text.size > MOST_SHOWN)
        text.size = MOST_SHOWN;
    struct dz_remark *known = find(remarks, text);
    if (known) {
        known->times++;
        return;
    }
    char *copy = remarks->n < DZ_MOST_REMARKS ? dz_memdup(text.at, text.size) : NULL;
    if (copy)
        remarks->list[remarks->n++] = (struct dz_remark){copy, 1};
}

void dz_remarks_write(const struct dz_remarks *remarks, struct dz_buf *text)
{
    for (uint32_t i = 0; i < remarks->n; i++) {
        dz_buf_fmt(text, "  observed: %s", remarks->list[i].text);
        if (remarks->list[i].times > 1)
            dz_buf_fmt(text, " (%u times)", remarks->list[i].times);
        dz_buf_str(text, "\n");
    }
}

void dz_remarks_free(struct dz_remarks *remarks)
{
    for (uint32_t i = 0; i < remarks->n; i++)
        dz_free(remarks->list[i].text);
    remarks->n = 0;
}
