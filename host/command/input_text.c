#include "input_text.h"

#include <string.h>

#include "../record/sheets.h"

void dz_input_put_name(const struct dz_strings *strings, const struct dz_input *input,
                       struct dz_buf *text)
{
    static const char *const kinds[DZ_INPUT_KINDS] = {
        [DZ_INPUT_NAME] = "name",
        [DZ_INPUT_BOUND] = "presence of",
        [DZ_INPUT_EFFECTS] = "effects",
        [DZ_INPUT_OUTSIDE] = "effects outside",
        [DZ_INPUT_SHAPE] = "names",
        [DZ_INPUT_RAISES] = "what may fail in",
        [DZ_INPUT_ORDER] = "order of imports in",
        [DZ_INPUT_CLASSES] = "classes of",
        [DZ_INPUT_HOOKS] = "hooks and fixtures",
        [DZ_INPUT_WHOLE] = "source",
        [DZ_INPUT_FIXTURE] = "fixture",
        [DZ_INPUT_CONTENT] = "content",
        [DZ_INPUT_STAT] = "status",
        [DZ_INPUT_LINK] = "link",
        [DZ_INPUT_NAMES] = "listing",
        [DZ_INPUT_ABSENT] = "absence",
        [DZ_INPUT_PLACE] = "module place",
        [DZ_INPUT_ENVIRONMENT] = "environment variable",
        [DZ_INPUT_DISTRIBUTION] = "distribution",
    };
    if (input->kind == DZ_INPUT_UNPROVABLE) {
        dz_buf_fmt(text, "unprovable: %s", dz_strings_text(strings, input->name));
        return;
    }
    const char *path = dz_strings_text(strings, input->path);
    const char *name = dz_strings_text(strings, input->name);
    if (input->kind == DZ_INPUT_ELEMENT)
        dz_buf_fmt(text, "%s %s::%s#%u", dz_element_kind_name(input->of), path, name, input->k);
    else if (input->kind == DZ_INPUT_NAME || input->kind == DZ_INPUT_BOUND ||
             input->kind == DZ_INPUT_FIXTURE)
        dz_buf_fmt(text, "%s %s::%s", kinds[input->kind], path, name);
    else if (kinds[input->kind])
        dz_buf_fmt(text, "%s %s", kinds[input->kind],
                   input->kind >= DZ_INPUT_ENVIRONMENT ? name
                   : *path                             ? path
                                                       : ".");
}

void dz_input_put_lines(struct dz_now *now, const char *state, const char *python,
                        const struct dz_strings *strings, const struct dz_input *input,
                        struct dz_buf *text)
{
    struct dz_look look = {0};
    struct dz_err err;
    const char *name = dz_strings_text(strings, input->name);
    if (!dz_input_is_of_source(input) ||
        dz_now_look(now, dz_strings_text(strings, input->path), &look) < 0)
        return;
    struct dz_sheet *sheet = dz_sheets_read(state, python, look.content.bytes, &err);
    uint32_t element = DZ_NONE;
    if (sheet && input->kind == DZ_INPUT_ELEMENT)
        element = dz_sheet_find(sheet, (enum dz_element_kind)input->of, name, input->k);
    else if (sheet && input->kind == DZ_INPUT_NAME)
        for (uint32_t i = dz_sheet_n(sheet); i-- > 0;) {
            const struct dz_element *at = dz_sheet_at(sheet, i);
            if ((at->kind == DZ_BINDING || at->kind == DZ_EFFECT) &&
                strcmp(dz_sheet_string(sheet, at->name), name) == 0)
                element = i;
        }
    if (element != DZ_NONE)
        dz_buf_fmt(text, ", lines %u-%u", dz_sheet_at(sheet, element)->first_line,
                   dz_sheet_at(sheet, element)->last_line);
    dz_sheet_free(sheet);
}
