/// Samples of a channel per pixels of the image, along one side.
public struct SampleRate: Equatable, Sendable {
    /// Of the channel.
    public var samples: Int
    /// Of the image, per `samples`; above 0.
    public var pixels: Int

    /// Such as 1 per 2 for the chroma of 4:2:0, in both directions.
    public init(_ samples: Int, per pixels: Int) {
        self.samples = samples
        self.pixels = pixels
    }

    /// A sample for each pixel.
    public static var one: SampleRate { SampleRate(1, per: 1) }
    /// A sample for two pixels side by side or one above the other.
    public static var onePerTwo: SampleRate { SampleRate(1, per: 2) }
}

/// One channel of an image: of a plane, every `step`th byte from `offset` on.
public struct PixelChannel: Equatable, Sendable {
    /// Which of the view's planes, 0...2.
    public var plane: Int
    /// Bytes from a row's start to the channel's first sample.
    public var offset: Int
    /// Bytes from one sample to the next.
    public var step: Int
    /// Of the channel: chroma may have fewer samples than the image has pixels.
    public var size: ImageSize
    /// Along a row.
    public var across: SampleRate
    /// From row to row.
    public var down: SampleRate

    /// Takes a channel with a sample for each pixel unless told otherwise. Nothing is checked here.
    public init(
        plane: Int, offset: Int, step: Int, size: ImageSize, across: SampleRate = .one, down: SampleRate = .one
    ) {
        self.across = across
        self.down = down
        self.plane = plane
        self.offset = offset
        self.step = step
        self.size = size
    }

    /// The bytes of a row up to the channel's last.
    public var rowBytes: Int { offset + (size.width - 1) * step + 1 }
}

/// What an image's bytes mean. The samples of a subsampled channel lie in the middle of the pixels that share them.
public struct PixelLayout: Equatable, Sendable {
    /// What the channels are: brightness alone, Y with Cb and Cr, or red, green and blue.
    public enum Colours: Equatable, Sendable {
        case grey
        case yCbCr(ColourEncoding)
        case rgb
    }

    /// Of the image in pixels, whatever its channels have.
    public var size: ImageSize
    /// Also tells how many channels there are.
    public var colours: Colours
    /// Y, Cb and Cr, or red, green and blue; of grey the first alone.
    public var channels: InlineArray<3, PixelChannel>

    /// Nothing is checked here: the maker of a view knows its bytes.
    public init(size: ImageSize, colours: Colours, channels: InlineArray<3, PixelChannel>) {
        self.size = size
        self.colours = colours
        self.channels = channels
    }

    public static func == (a: PixelLayout, b: PixelLayout) -> Bool {
        a.size == b.size && a.colours == b.colours && a.channels[0] == b.channels[0] && a.channels[1] == b.channels[1]
            && a.channels[2] == b.channels[2]
    }

    /// 1 or 3.
    public var channelCount: Int { colours == .grey ? 1 : 3 }
}

extension PixelLayout {
    /// The channels of a format; nil for MJPEG, whose pixels have to be decoded first.
    init?(_ shape: PixelShape) {
        let size = shape.size
        let half = ImageSize(width: (size.width + 1) / 2, height: (size.height + 1) / 2)
        func full(_ offset: Int, step: Int) -> PixelChannel {
            PixelChannel(plane: 0, offset: offset, step: step, size: size)
        }
        func pair(_ offset: Int) -> PixelChannel {
            PixelChannel(
                plane: 0, offset: offset, step: 4, size: ImageSize(width: half.width, height: size.height), across: .onePerTwo)
        }
        func chroma(_ plane: Int, _ offset: Int, step: Int) -> PixelChannel {
            PixelChannel(plane: plane, offset: offset, step: step, size: half, across: .onePerTwo, down: .onePerTwo)
        }
        let colours: Colours
        switch shape.format {
        case .grey: colours = .grey
        case .rgb24, .bgr24: colours = .rgb
        case .yuyv, .uyvy, .nv12, .yuv420: colours = .yCbCr(shape.colour)
        case .mjpeg: return nil
        }
        let channels: InlineArray<3, PixelChannel> =
            switch shape.format {
            case .yuyv: [full(0, step: 2), pair(1), pair(3)]
            case .uyvy: [full(1, step: 2), pair(0), pair(2)]
            case .nv12: [full(0, step: 1), chroma(1, 0, step: 2), chroma(1, 1, step: 2)]
            case .yuv420: [full(0, step: 1), chroma(1, 0, step: 1), chroma(2, 0, step: 1)]
            case .rgb24: [full(0, step: 3), full(1, step: 3), full(2, step: 3)]
            case .bgr24: [full(2, step: 3), full(1, step: 3), full(0, step: 3)]
            case .grey, .mjpeg: InlineArray(repeating: full(0, step: 1))
            }
        self.init(size: size, colours: colours, channels: channels)
    }
}

/// An image in borrowed memory, in any layout. Every row that the layout speaks of lies within its
/// plane: who makes a view has checked that.
public struct PixelView {
    /// Rows of bytes, for one channel or for several in turn.
    public struct Plane {
        /// The first row. The maker of the view defines how long it is valid.
        public var start: UnsafePointer<UInt8>
        /// The distance between two rows.
        public var rowBytes: Int

        /// Takes no ownership.
        public init(start: UnsafePointer<UInt8>, rowBytes: Int) {
            self.start = start
            self.rowBytes = rowBytes
        }
    }

    /// What the planes hold.
    public var layout: PixelLayout
    /// As many as the channels name; the rest are never read.
    public var planes: InlineArray<3, Plane>

    /// Checks nothing, copies nothing.
    public init(layout: PixelLayout, planes: InlineArray<3, Plane>) {
        self.layout = layout
        self.planes = planes
    }
}
