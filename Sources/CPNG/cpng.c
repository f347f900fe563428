#include "CPNG.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const uint8_t *bytes;
    size_t count;
} reader;

static void take(png_structp png, png_bytep target, size_t count) {
    reader *from = png_get_io_ptr(png);
    if (count > from->count) png_error(png, "ends early");
    memcpy(target, from->bytes, count);
    from->bytes += count;
    from->count -= count;
}

_Noreturn static void fail(png_structp png, png_const_charp text) {
    (void)text;
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

cpng_status cpng_read(
    const void *bytes, size_t count, uint32_t side_limit, uint32_t pixel_limit, uint32_t *width, uint32_t *height,
    uint8_t **pixels) {
    *pixels = NULL;
    if (count < 8 || png_sig_cmp(bytes, 0, 8)) return CPNG_NOT_PNG;
    reader from = {bytes, count};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, fail, ignore);
    if (!png) return CPNG_OUT_OF_MEMORY;
    png_infop info = png_create_info_struct(png);
    // Values that are set after setjmp and needed after longjmp.
    uint8_t *volatile image = NULL;
    png_bytep *volatile rows = NULL;
    volatile cpng_status status = info ? CPNG_CORRUPT : CPNG_OUT_OF_MEMORY;
    if (!info || setjmp(png_jmpbuf(png))) goto end;
    png_set_read_fn(png, &from, take);
    png_set_user_limits(png, side_limit, side_limit);
    png_read_info(png, info);
    *width = png_get_image_width(png, info);
    *height = png_get_image_height(png, info);
    const png_byte type = png_get_color_type(png, info);
    if ((type != PNG_COLOR_TYPE_PALETTE && type != PNG_COLOR_TYPE_GRAY) || png_get_bit_depth(png, info) > 8) {
        status = CPNG_NOT_INDEXED;
        goto end;
    }
    if ((uint64_t)*width * *height > pixel_limit) {
        status = CPNG_TOO_LARGE;
        goto end;
    }
    // One byte for each pixel, as it is.
    png_set_packing(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    image = malloc((size_t)*width * *height);
    rows = malloc(*height * sizeof *rows);
    if (!image || !rows) {
        status = CPNG_OUT_OF_MEMORY;
        goto end;
    }
    for (uint32_t y = 0; y < *height; y++) rows[y] = image + (size_t)y * *width;
    png_read_image(png, rows);
    png_read_end(png, NULL);
    status = CPNG_OK;
    *pixels = image;
    image = NULL;
end:
    free(rows);
    free(image);
    png_destroy_read_struct(&png, &info, NULL);
    return status;
}
