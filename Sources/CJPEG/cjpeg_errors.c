#include "cjpeg_errors.h"

enum { JPEG_SOF0 = 0xC0 };

_Noreturn void cjpeg_escape(j_common_ptr jpeg, cjpeg_status status) {
    cjpeg_errors *errors = (cjpeg_errors *)jpeg->err;
    errors->status = status;
    longjmp(errors->escape, 1);
}

static cjpeg_status status_of(int code) {
    switch (code) {
    case JERR_NO_SOI:
    case JERR_INPUT_EMPTY: return CJPEG_NOT_JPEG;
    case JERR_INPUT_EOF:
    case JERR_NO_IMAGE: // an end marker before the frame's header, or before any scan
    case JERR_SOF_NO_SOS: return CJPEG_TRUNCATED;
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE: // beyond max_memory_to_use
        return CJPEG_OUT_OF_MEMORY;
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_EMPTY_IMAGE: // a height that is told behind the first scan (DNL)
        return CJPEG_UNSUPPORTED;
    default: return CJPEG_CORRUPT;
    }
}

static void fail(j_common_ptr jpeg) { cjpeg_escape(jpeg, status_of(jpeg->err->msg_code)); }

/// A restart marker came before the end of its interval's data, the rest of which is grey. Where that is so in most of a
/// scan, the interval is not the one that the header names, and what is decoded is no image.
static void note_broken_interval(j_decompress_ptr jpeg) {
    cjpeg_errors *errors = (cjpeg_errors *)jpeg->err;
    if (errors->scan != jpeg->input_scan_number) errors->broken_intervals = 0;
    errors->scan = jpeg->input_scan_number;
    errors->broken_intervals++;
    const uint64_t blocks = (uint64_t)jpeg->MCUs_per_row * jpeg->MCU_rows_in_scan;
    const uint64_t intervals = jpeg->restart_interval ? (blocks - 1) / jpeg->restart_interval + 1 : 1;
    if (2 * errors->broken_intervals > intervals) cjpeg_escape((j_common_ptr)jpeg, CJPEG_CORRUPT);
}

static void note(j_common_ptr jpeg, int level) {
    if (level >= 0) return; // trace messages
    if (!jpeg->is_decompressor) {
        jpeg->err->num_warnings++;
        return;
    }
    const int marker = ((j_decompress_ptr)jpeg)->unread_marker;
    switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
        // libjpeg continues as if an end marker came, again and again. Inside a marker's segment, that would be read as its
        // contents. Between segments it ends the image, and inside a scan's data too: JWRN_HIT_MARKER follows where
        // another bit is needed. An image that lacks its end marker alone is whole.
        if (marker != 0) cjpeg_escape(jpeg, CJPEG_TRUNCATED);
        return;
    case JWRN_HIT_MARKER:
    case JWRN_MUST_RESYNC:
        // libjpeg would pad what is missing with grey. A restart marker in the wrong place is damage; any other marker
        // where there should be more of the scan is a cut. (Nothing below JPEG_SOF0 is a marker where one is looked for.)
        if (jpeg->err->msg_code == JWRN_MUST_RESYNC && marker < JPEG_SOF0) break;
        if (marker < JPEG_RST0 || marker > JPEG_RST0 + 7) cjpeg_escape(jpeg, CJPEG_TRUNCATED);
        if (jpeg->err->msg_code == JWRN_HIT_MARKER) note_broken_interval((j_decompress_ptr)jpeg);
        break;
    case JWRN_BOGUS_PROGRESSION:
        // A refinement of bits that never came: a scan is missing before this one.
        if (((j_decompress_ptr)jpeg)->Ah > 0) cjpeg_escape(jpeg, CJPEG_TRUNCATED);
        break;
    default: break;
    }
    jpeg->err->num_warnings++;
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
