/// `ResizeRule.fast` from images of any layout: channels are resized where they lie, and colours converted at the
/// network's size, so that no frame is ever converted whole.
///
/// Tables are made when a layout first comes, and kept until another does; nothing is allocated in between.
struct FastIngest: ~Copyable {
    private var target = ImageSize(width: 0, height: 0)
    private var layout: PixelLayout?
    private var columns: InlineArray<3, BilinearTaps>
    private var rows: InlineArray<3, BilinearTaps>
    /// The bytes of a plane's row that channels need, 0 of a plane that none is in; and the first channel in it.
    private var planeBytes: InlineArray<3, Int> = [0, 0, 0]
    private var firstChannel: InlineArray<3, Int> = [0, 0, 0]
    /// A blended row of the widest plane, and one row of each channel at the network's width.
    private var scratch = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private let kernels: UnsafePointer<ck_u8_kernels>

    init(path: KernelPath?) {
        kernels = path?.imageKernels ?? KernelPath.chosenImageKernels
        let none = BilinearTaps.none
        columns = [none, none, none]
        rows = [none, none, none]
    }

    deinit { scratch.deallocate() }

    /// Comes before the first row of an image.
    mutating func prepare(for layout: PixelLayout, target: ImageSize) {
        guard layout != self.layout || target != self.target else { return }
        self.layout = layout
        self.target = target
        planeBytes = [0, 0, 0]
        for index in (0..<layout.channelCount).reversed() {
            let channel = layout.channels[index]
            precondition(channel.size.width > 0 && channel.size.height > 0)
            columns[index] = BilinearTaps(
                fastFrom: channel.size.width, to: target.width, step: channel.step, pixels: layout.size.width,
                rate: channel.across)
            columns[index].makeBlocks()
            rows[index] = BilinearTaps(
                fastFrom: channel.size.height, to: target.height, step: 1, pixels: layout.size.height,
                rate: channel.down)
            planeBytes[channel.plane] = max(planeBytes[channel.plane], channel.rowBytes)
            firstChannel[channel.plane] = index
        }
        let widest = max(planeBytes[0], planeBytes[1], planeBytes[2])
        // Blocks of taps load 32 elements, also from the row's end.
        let needed = (widest + 32) * MemoryLayout<UInt16>.stride + 3 * target.width + 1
        if scratch.count < needed {
            scratch.deallocate()
            scratch = .allocate(byteCount: needed, alignment: 64)
        }
    }

    /// Writes row `y` of the image at the size of `target`, RGB or with `reversed` BGR.
    func fillRow(_ output: UnsafeMutablePointer<UInt8>, _ y: Int, from view: PixelView, reversed: Bool) {
        let layout = view.layout
        let channelRows = scratch.baseAddress!.assumingMemoryBound(to: UInt8.self)
        let blended = (scratch.baseAddress! + (3 * target.width + 1) / 2 * 2).assumingMemoryBound(to: UInt16.self)
        for plane in 0..<3 where planeBytes[plane] > 0 {
            // Channels of one plane have the same rows.
            let tap = rows[firstChannel[plane]].taps[y]
            let start = view.planes[plane].start, stride = view.planes[plane].rowBytes
            kernels.pointee.blend_rows(
                planeBytes[plane], start + Int(tap.left) * stride, start + Int(tap.right) * stride,
                UInt32(tap.right_weight), blended)
            for index in 0..<layout.channelCount where layout.channels[index].plane == plane {
                resize(
                    columns[index], blended + layout.channels[index].offset, to: channelRows + index * target.width)
            }
        }
        let (first, second, third) = (channelRows, channelRows + target.width, channelRows + 2 * target.width)
        switch layout.colours {
        case .yCbCr(let encoding):
            withUnsafePointer(to: encoding.kernel) {
                kernels.pointee.ycc_to_rgb(target.width, first, second, third, $0, reversed ? 1 : 0, output)
            }
        case .grey: kernels.pointee.interleave(target.width, first, first, first, output)
        case .rgb where reversed: kernels.pointee.interleave(target.width, third, second, first, output)
        case .rgb: kernels.pointee.interleave(target.width, first, second, third, output)
        }
    }

    private func resize(
        _ columns: BilinearTaps, _ blended: UnsafePointer<UInt16>, to row: UnsafeMutablePointer<UInt8>
    ) {
        if columns.blocks.isEmpty {
            kernels.pointee.resize_fast_channel(target.width, blended, columns.taps, nil, row)
        } else {
            kernels.pointee.resize_fast_channel(target.width, blended, columns.taps, columns.blocks, row)
        }
    }
}
