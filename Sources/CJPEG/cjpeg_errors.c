#include "cjpeg_errors.h"

_Noreturn void cjpeg_escape(j_common_ptr jpeg, cjpeg_status status) {
    cjpeg_errors *errors = (cjpeg_errors *)jpeg->err;
    errors->status = status;
    longjmp(errors->escape, 1);
}

static cjpeg_status status_of(int code) {
    switch (code) {
    case JERR_NO_SOI:
    case JERR_INPUT_EMPTY:
        return CJPEG_NOT_JPEG;
    case JERR_INPUT_EOF:
    case JERR_NO_IMAGE: // an end marker before any scan
        return CJPEG_TRUNCATED;
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE: // beyond max_memory_to_use
        return CJPEG_OUT_OF_MEMORY;
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
    case JERR_ARITH_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
        return CJPEG_UNSUPPORTED;
    default:
        return CJPEG_CORRUPT;
    }
}

static void fail(j_common_ptr jpeg) { cjpeg_escape(jpeg, status_of(jpeg->err->msg_code)); }

static void note(j_common_ptr jpeg, int level) {
    if (level >= 0) return; // trace messages
    jpeg->err->num_warnings++;
    if (!jpeg->is_decompressor) return;
    // libjpeg would pad what is missing with grey. A restart marker in the wrong place is damage; any other marker
    // inside a scan's data, or the end of the bytes, is a cut.
    const int code = jpeg->err->msg_code;
    const int marker = ((j_decompress_ptr)jpeg)->unread_marker;
    const int restart = marker >= JPEG_RST0 && marker <= JPEG_RST0 + 7;
    if (code == JWRN_JPEG_EOF || (code == JWRN_HIT_MARKER && !restart)) cjpeg_escape(jpeg, CJPEG_TRUNCATED);
}

static void print_nothing(j_common_ptr jpeg) { (void)jpeg; }

struct jpeg_error_mgr *cjpeg_errors_init(cjpeg_errors *errors) {
    jpeg_std_error(&errors->manager);
    errors->manager.error_exit = fail;
    errors->manager.emit_message = note;
    errors->manager.output_message = print_nothing;
    errors->status = CJPEG_OK;
    return &errors->manager;
}
