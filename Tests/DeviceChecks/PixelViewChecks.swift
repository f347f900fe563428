import CTestSupport
import Kernels
import Pixels
import Vision

/// Images of every layout through the fast resize, against its formula in double precision.
public struct PixelViewChecks {
    private var generator: SeededGenerator
    private let atEnd: Bool

    public init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        atEnd = seed % 2 == 0
    }

    /// Random sizes and bytes; every plane ends or begins beside an unmapped page.
    public mutating func layouts(_ check: inout Check) {
        let (width, height) = (generator.integer(1...90), generator.integer(1...60))
        let size = ImageSize(width: width, height: height)
        let half = ImageSize(width: (width + 1) / 2, height: (height + 1) / 2)
        let wide = ImageSize(width: (width + 1) / 2, height: height)
        let matrices: [ColourEncoding] = [
            .bt601(isFullRange: true), .bt601(isFullRange: false), .bt709(isFullRange: true),
            .bt709(isFullRange: false),
        ]
        let matrix = matrices[generator.integer(0...3)]
        func channel(_ plane: Int, _ offset: Int, _ step: Int, _ samples: ImageSize) -> PixelChannel {
            PixelChannel(
                plane: plane, offset: offset, step: step, size: samples, across: samples == size ? .one : .onePerTwo,
                down: samples == half && half != wide ? .onePerTwo : .one)
        }
        let all: [PixelLayout] = [
            PixelLayout(
                size: size, colours: .yCbCr(matrix),
                channels: [channel(0, 0, 2, size), channel(0, 1, 4, wide), channel(0, 3, 4, wide)]),
            PixelLayout(
                size: size, colours: .yCbCr(matrix),
                channels: [channel(0, 0, 1, size), channel(1, 0, 2, half), channel(1, 1, 2, half)]),
            PixelLayout(
                size: size, colours: .yCbCr(matrix),
                channels: [channel(0, 0, 1, size), channel(1, 0, 1, half), channel(2, 0, 1, half)]),
            PixelLayout(
                size: size, colours: .rgb,
                channels: [channel(0, 2, 3, size), channel(0, 1, 3, size), channel(0, 0, 3, size)]),
            PixelLayout(
                size: size, colours: .grey,
                channels: [channel(0, 0, 1, size), channel(0, 0, 1, size), channel(0, 0, 1, size)]),
        ]
        let target = ImageSize(width: generator.integer(1...50), height: generator.integer(1...40))
        for layout in all { compare(layout, matrix, target, &check) }
    }

    private mutating func compare(
        _ layout: PixelLayout, _ matrix: ColourEncoding, _ target: ImageSize, _ check: inout Check
    ) {
        let padding = generator.integer(0...9)
        let count = layout.colours == .grey ? 1 : 3
        var strides: [Int] = [0, 0, 0], rows: [Int] = [0, 0, 0]
        for index in 0..<count {
            let channel = layout.channels[index]
            let bytes = channel.offset + (channel.size.width - 1) * channel.step + 1
            strides[channel.plane] = max(strides[channel.plane], bytes)
            rows[channel.plane] = max(rows[channel.plane], channel.size.height)
        }
        var planes: [GuardedArray<UInt8>] = []
        for plane in 0..<3 {
            // The last row has no padding: nothing behind the last pixel is anybody's to read.
            let bytes = max(rows[plane] - 1, 0) * (strides[plane] + padding) + strides[plane]
            let array = GuardedArray(count: max(bytes, 1), atEnd: atEnd, repeating: UInt8(0))
            for index in 0..<array.elements.count { array.elements[index] = UInt8(generator.integer(0...255)) }
            planes.append(array)
        }
        func plane(_ index: Int) -> PixelView.Plane {
            PixelView.Plane(start: UnsafePointer(planes[index].base), rowBytes: strides[index] + padding)
        }
        let view = PixelView(layout: layout, planes: [plane(0), plane(1), plane(2)])
        let order = generator.integer(0...1) == 0 ? ChannelOrder.rgb : .bgr
        func filled(_ path: KernelPath) -> GuardedArray<UInt8> {
            var ingest = Ingest(format: InputFormat(size: target, channelOrder: order), rule: .fast, path: path)
            let output = GuardedArray(count: target.width * target.height * 3, atEnd: atEnd, repeating: UInt8(0))
            ingest.fill(output.elements, from: view)
            return output
        }
        let output = filled(.scalar)
        for path in KernelPath.supported where path != .scalar {
            let other = filled(path)
            let isEqual = output.elements.indices.allSatisfy { output.elements[$0] == other.elements[$0] }
            check.expect(isEqual, "\(path.name): an image of \(layout.size.width)x\(layout.size.height) differs from scalar")
        }
        var worst = 0.0
        for y in 0..<target.height {
            for x in 0..<target.width {
                var values: [Double] = [0, 0, 0]
                for index in 0..<count {
                    let channel = layout.channels[index]
                    values[index] = Self.sample(
                        view.planes[channel.plane], channel,
                        position(x, layout.size.width, channel.size.width, channel.across, target.width),
                        position(y, layout.size.height, channel.size.height, channel.down, target.height))
                }
                if count == 1 { values = [values[0], values[0], values[0]] }
                if case .yCbCr = layout.colours { values = Self.convert(values, matrix) }
                for index in 0..<3 {
                    let place = order == .rgb ? index : 2 - index
                    let found = Double(output.elements[(y * target.width + x) * 3 + place])
                    worst = max(worst, (found - values[index]).magnitude)
                }
            }
        }
        // Channels are rounded to bytes before colours are converted: half a step each, by weights of up to 2.2.
        check.expect(worst < (count == 3 && layout.colours != .rgb ? 2.3 : 0.51), "off by \(worst)")
        withExtendedLifetime(planes) {}
    }

    /// The source position of `ResizeRule.fast`, in samples.
    private func position(_ index: Int, _ pixels: Int, _ samples: Int, _ rate: SampleRate, _ target: Int) -> Double {
        let perPixel = Double(rate.samples) / Double(rate.pixels)
        let exact = (Double(index) + 0.5) * Double(pixels) / Double(target) * perPixel - 0.5
        let limited = min(max(exact, 0), Double(samples - 1))
        return (limited * 256 + 0.5).rounded(.down) / 256
    }

    private static func sample(_ plane: PixelView.Plane, _ channel: PixelChannel, _ x: Double, _ y: Double) -> Double {
        func value(_ column: Int, _ row: Int) -> Double {
            let offset = min(row, channel.size.height - 1) * plane.rowBytes + channel.offset
            return Double(plane.start[offset + min(column, channel.size.width - 1) * channel.step])
        }
        let (left, top) = (Int(x), Int(y)), (dx, dy) = (x - x.rounded(.down), y - y.rounded(.down))
        let upper = value(left, top) * (1 - dx) + value(left + 1, top) * dx
        let lower = value(left, top + 1) * (1 - dx) + value(left + 1, top + 1) * dx
        return upper * (1 - dy) + lower * dy
    }

    /// ITU-R BT.601 and BT.709, in double precision.
    private static func convert(_ values: [Double], _ matrix: ColourEncoding) -> [Double] {
        let isFull = matrix == .bt601(isFullRange: true) || matrix == .bt709(isFullRange: true)
        let is601 = matrix == .bt601(isFullRange: true) || matrix == .bt601(isFullRange: false)
        let (kr, kb) = is601 ? (0.299, 0.114) : (0.2126, 0.0722)
        let y = isFull ? values[0] : (values[0] - 16) * 255 / 219
        let scale = isFull ? 1.0 : 255.0 / 224
        let cb = (values[1] - 128) * scale, cr = (values[2] - 128) * scale
        let red = y + 2 * (1 - kr) * cr, blue = y + 2 * (1 - kb) * cb
        let green = (y - kr * red - kb * blue) / (1 - kr - kb)
        return [red, green, blue].map { min(max($0, 0), 255) }
    }
}
