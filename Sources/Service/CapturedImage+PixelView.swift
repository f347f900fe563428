import Camera
import Vision

extension CapturedImage {
    /// The pixels as vision takes them; nil for MJPEG.
    public var view: PixelView? {
        let size = PictureSize(width: width, height: height)
        let matrix: ColourMatrix =
            switch colour.matrix {
            case .bt601: .bt601(isFullRange: colour.isFullRange)
            case .bt709: .bt709(isFullRange: colour.isFullRange)
            }
        let layout: PixelLayout
        switch format {
        case .yuyv: layout = packed(size, matrix, y: 0, cb: 1, cr: 3)
        case .uyvy: layout = packed(size, matrix, y: 1, cb: 0, cr: 2)
        case .nv12: layout = planar(size, matrix, cb: (plane: 1, offset: 0), cr: (plane: 1, offset: 1), step: 2)
        case .yuv420: layout = planar(size, matrix, cb: (plane: 1, offset: 0), cr: (plane: 2, offset: 0), step: 1)
        case .rgb24: layout = interleaved(size, 0, 1, 2)
        case .bgr24: layout = interleaved(size, 2, 1, 0)
        case .grey:
            let grey = PixelChannel(plane: 0, offset: 0, step: 1, size: size)
            layout = PixelLayout(size: size, colours: .grey, channels: [grey, grey, grey])
        case .mjpeg: return nil
        }
        guard let first = start(of: 0) else { return nil }
        return PixelView(layout: layout, planes: [first, start(of: 1) ?? first, start(of: 2) ?? first])
    }

    private func start(of plane: Int) -> PixelView.Plane? {
        guard let start = planes[plane].bytes.baseAddress else { return nil }
        return PixelView.Plane(start: start.assumingMemoryBound(to: UInt8.self), rowBytes: planes[plane].rowBytes)
    }

    private func planar(
        _ size: PictureSize, _ matrix: ColourMatrix, cb: (plane: Int, offset: Int), cr: (plane: Int, offset: Int),
        step: Int
    ) -> PixelLayout {
        let half = PictureSize(width: (size.width + 1) / 2, height: (size.height + 1) / 2)
        func chroma(_ place: (plane: Int, offset: Int)) -> PixelChannel {
            PixelChannel(
                plane: place.plane, offset: place.offset, step: step, size: half, across: .half, down: .half)
        }
        return PixelLayout(
            size: size, colours: .yCbCr(matrix),
            channels: [PixelChannel(plane: 0, offset: 0, step: 1, size: size), chroma(cb), chroma(cr)])
    }

    private func packed(_ size: PictureSize, _ matrix: ColourMatrix, y: Int, cb: Int, cr: Int) -> PixelLayout {
        let chroma = PictureSize(width: (size.width + 1) / 2, height: size.height)
        return PixelLayout(
            size: size, colours: .yCbCr(matrix),
            channels: [
                PixelChannel(plane: 0, offset: y, step: 2, size: size),
                PixelChannel(plane: 0, offset: cb, step: 4, size: chroma, across: .half),
                PixelChannel(plane: 0, offset: cr, step: 4, size: chroma, across: .half),
            ])
    }

    private func interleaved(_ size: PictureSize, _ red: Int, _ green: Int, _ blue: Int) -> PixelLayout {
        PixelLayout(
            size: size, colours: .rgb,
            channels: [
                PixelChannel(plane: 0, offset: red, step: 3, size: size),
                PixelChannel(plane: 0, offset: green, step: 3, size: size),
                PixelChannel(plane: 0, offset: blue, step: 3, size: size),
            ])
    }
}
