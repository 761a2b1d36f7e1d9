#include "text.h"

#include "../base/buf.h"

json_t *dz_text(const char *text)
{
    json_t *whole = json_string(text);
    if (whole)
        return whole;
    dz_autobuf struct dz_buf escaped = {0};
    for (; *text; text++)
        if ((unsigned char)*text < 0x80)
            dz_buf_put(&escaped, text, 1);
        else
            dz_buf_fmt(&escaped, "\\x%02x", (unsigned char)*text);
    return dz_buf_ok(&escaped) ? json_stringn(escaped.data ? escaped.data : "", escaped.len) : NULL;
}
