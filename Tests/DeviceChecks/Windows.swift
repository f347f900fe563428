import CKernels

/// A sliding window of any kernel, stride, dilation and padding, and which pixel it sees, told independently of the kernels.
struct RandomWindow {
    var window: ck_window
    /// Output rows, of which some may see nothing but padding.
    var outHeight: Int

    init(_ integer: (ClosedRange<Int>) -> Int) {
        window = ck_window(
            height: integer(1...9), width: integer(1...9), kernel_height: integer(1...5), kernel_width: integer(1...5),
            stride_y: integer(1...3), stride_x: integer(1...3), dilation_y: integer(1...3), dilation_x: integer(1...3),
            top: integer(0...5), left: integer(0...5), out_width: integer(1...6))
        outHeight = integer(1...6)
    }

    var taps: Int { window.kernel_height * window.kernel_width }
    var pixels: Int { window.height * window.width }
    var outPixels: Int { outHeight * window.out_width }
    var text: String {
        "\(window.height)x\(window.width), kernel \(window.kernel_height)x\(window.kernel_width), "
            + "stride \(window.stride_y)x\(window.stride_x), dilation \(window.dilation_y)x\(window.dilation_x), "
            + "padding \(window.top), \(window.left)"
    }

    /// The input pixel under a tap of an output pixel; nil in the padding.
    func source(_ outPixel: Int, _ tap: Int) -> Int? {
        let (y, x) = (outPixel / window.out_width, outPixel % window.out_width)
        let row = y * window.stride_y - window.top + tap / window.kernel_width * window.dilation_y
        let column = x * window.stride_x - window.left + tap % window.kernel_width * window.dilation_x
        guard 0..<window.height ~= row, 0..<window.width ~= column else { return nil }
        return row * window.width + column
    }
}
