#include "outputs.h"

#include "../base/mem.h"

#include <errno.h>
#include <string.h>

enum { IS_ASKED = 1, IS_MADE = 2, IS_IN_MADE = 4 };

static int is_first(const struct dz_outputs *outputs, const struct dz_output *output, uint32_t span)
{
    const struct dz_observed_span *spans = outputs->all->spans;
    return !output->n_spans || spans[span].start_us < spans[output->first].start_us;
}

static int note(struct dz_outputs *outputs, uint32_t span, const struct dz_observed_fact *fact)
{
    struct dz_output *output = &outputs->paths[fact->string];
    const char *path = outputs->all->strings[fact->string - 1];
    if (!dz_has_room(&output->spans, output->n_spans, &output->cap_spans, sizeof *output->spans))
        return -ENOMEM;
    if (is_first(outputs, output, span)) {
        output->first = span;
        output->is_new = fact->value == DZ_WRITTEN_NEW;
    }
    output->spans[output->n_spans++] = span;
    return !output->is_new || dz_strings_add(&outputs->made, path, strlen(path)) ? 0 : -ENOMEM;
}

int dz_outputs_find(struct dz_outputs *ret, const struct dz_observations *all)
{
    *ret = (struct dz_outputs){.all = all};
    ret->paths = dz_alloc((all->n_strings + 1) * sizeof *ret->paths);
    ret->places = dz_alloc(all->n_strings + 1);
    int r = ret->paths && ret->places ? 0 : -ENOMEM;
    for (uint32_t i = 0; i < all->n_spans; i++)
        for (uint32_t k = 0; r == 0 && k < all->spans[i].n_facts; k++)
            if (all->spans[i].facts[k].fact == DZ_FACT_WRITTEN && all->spans[i].facts[k].string)
                r = note(ret, i, &all->spans[i].facts[k]);
    return r;
}

void dz_outputs_free(struct dz_outputs *outputs)
{
    for (uint32_t i = 0; outputs->paths && i <= outputs->all->n_strings; i++)
        dz_free(outputs->paths[i].spans);
    dz_free(outputs->paths);
    dz_free(outputs->places);
    dz_strings_free(&outputs->made);
}

/* Whether a folder around it was made by the job: all in it was, too. */
static int is_in_made(const struct dz_outputs *outputs, const char *path)
{
    for (size_t size = strlen(path); size; size--)
        if (path[size - 1] == '/' && size > 1 && dz_strings_find(&outputs->made, path, size - 1))
            return 1;
    return 0;
}

/* Each code of each span asks for it. */
static uint8_t place_of(const struct dz_outputs *outputs, uint32_t path)
{
    const char *text = outputs->all->strings[path - 1];
    uint8_t place = outputs->places[path];
    if (place)
        return place;
    place = IS_ASKED;
    if (outputs->made.n && dz_strings_find(&outputs->made, text, strlen(text)))
        place |= IS_MADE;
    if (outputs->made.n && is_in_made(outputs, text))
        place |= IS_IN_MADE;
    return outputs->places[path] = place;
}

static int is_written_before(const struct dz_observed_span *span, uint32_t fact)
{
    for (uint32_t i = 0; i < fact; i++)
        if (span->facts[i].fact == DZ_FACT_WRITTEN &&
            span->facts[i].string == span->facts[fact].string)
            return 1;
    return 0;
}

/* The last of those that had ended when the span began; where the job has made the path, any that had begun: it was not there
 * before. */
static uint32_t writer_before(const struct dz_outputs *outputs, const struct dz_output *output,
                              uint32_t number)
{
    const struct dz_observed_span *spans = outputs->all->spans, *span = &spans[number];
    uint32_t latest = DZ_OBSERVED_NONE;
    for (uint32_t i = 0; i < output->n_spans; i++) {
        const struct dz_observed_span *writer = &spans[output->spans[i]];
        int is_before = output->is_new ? !span->stop_us || writer->start_us <= span->stop_us
                                       : writer->stop_us && writer->stop_us <= span->start_us;
        if (output->spans[i] != number && is_before &&
            (latest == DZ_OBSERVED_NONE || writer->start_us > spans[latest].start_us))
            latest = output->spans[i];
    }
    return latest;
}

enum dz_output_state dz_outputs_state(const struct dz_outputs *outputs, uint32_t number,
                                      uint32_t fact, uint32_t *ret_span)
{
    const struct dz_observed_span *span = &outputs->all->spans[number];
    const struct dz_output *output = &outputs->paths[span->facts[fact].string];
    if (place_of(outputs, span->facts[fact].string) & IS_IN_MADE)
        return DZ_OUTPUT_IS;
    if (!output->n_spans)
        return DZ_OUTPUT_NOT;
    if (is_written_before(span, fact))
        return DZ_OUTPUT_IS;
    *ret_span = writer_before(outputs, output, number);
    return *ret_span == DZ_OBSERVED_NONE ? DZ_OUTPUT_LATER : DZ_OUTPUT_OF;
}

int dz_outputs_is_made(const struct dz_outputs *outputs, uint32_t path)
{
    return (place_of(outputs, path) & (IS_MADE | IS_IN_MADE)) != 0;
}
