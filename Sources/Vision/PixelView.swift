import CKernels

/// How Y, Cb and Cr become red, green and blue.
public struct ColourMatrix: Equatable, Sendable {
    let kernel: ck_ycc

    /// From the weights of red and blue in Y (ITU-R BT.601 and BT.709: Y = kr R + (1 - kr - kb) G + kb B, Cb and Cr the
    /// distances to blue and red, scaled to -128...127). Of the limited range, Y is 16...235, Cb and Cr are 16...240.
    private init(red kr: Double, blue kb: Double, isFullRange: Bool) {
        let luma = isFullRange ? 1 : 255.0 / 219, chroma = isFullRange ? 1 : 255.0 / 224, kg = 1 - kr - kb
        func fixed(_ value: Double) -> Int16 { Int16((value * 8192).rounded(.toNearestOrAwayFromZero)) }
        kernel = ck_ycc(
            black: isFullRange ? 0 : 16, luma: fixed(luma), red_by_cr: fixed(chroma * 2 * (1 - kr)),
            green_by_cb: fixed(-chroma * 2 * (1 - kb) * kb / kg), green_by_cr: fixed(-chroma * 2 * (1 - kr) * kr / kg),
            blue_by_cb: fixed(chroma * 2 * (1 - kb)))
    }

    /// ITU-R BT.601. Of the full range Y, Cb and Cr are all of 0...255, otherwise 16...235 and 16...240.
    public static func bt601(isFullRange: Bool) -> ColourMatrix {
        ColourMatrix(red: 0.299, blue: 0.114, isFullRange: isFullRange)
    }

    /// ITU-R BT.709, with the same ranges.
    public static func bt709(isFullRange: Bool) -> ColourMatrix {
        ColourMatrix(red: 0.2126, blue: 0.0722, isFullRange: isFullRange)
    }

    /// JFIF's: BT.601, full range.
    public static var jpeg: ColourMatrix { bt601(isFullRange: true) }

    public static func == (a: ColourMatrix, b: ColourMatrix) -> Bool {
        a.kernel.black == b.kernel.black && a.kernel.luma == b.kernel.luma && a.kernel.red_by_cr == b.kernel.red_by_cr
            && a.kernel.green_by_cb == b.kernel.green_by_cb && a.kernel.green_by_cr == b.kernel.green_by_cr
            && a.kernel.blue_by_cb == b.kernel.blue_by_cb
    }
}

/// How many samples a channel has for so many pixels of the picture, along one side.
public struct SampleRate: Equatable, Sendable {
    /// Of the channel.
    public var samples: Int
    /// Of the picture, for so many samples; above 0.
    public var pixels: Int

    /// Such as 1 per 2 for the chroma of 4:2:0, in both directions.
    public init(_ samples: Int, per pixels: Int) {
        self.samples = samples
        self.pixels = pixels
    }

    /// A sample for each pixel.
    public static var one: SampleRate { SampleRate(1, per: 1) }
    /// A sample for two pixels side by side or one above the other.
    public static var half: SampleRate { SampleRate(1, per: 2) }
}

/// One channel of a picture: of a plane, every `step`th byte from `offset` on.
public struct PixelChannel: Equatable, Sendable {
    /// Which of the view's planes, 0...2.
    public var plane: Int
    /// Bytes from a row's start to the channel's first sample.
    public var offset: Int
    /// Bytes from one sample to the next.
    public var step: Int
    /// Of the channel: chroma may have fewer samples than the picture has pixels.
    public var size: PictureSize
    /// Along a row.
    public var across: SampleRate
    /// From row to row.
    public var down: SampleRate

    /// Takes a channel with a sample for each pixel unless told otherwise. Nothing is checked here.
    public init(
        plane: Int, offset: Int, step: Int, size: PictureSize, across: SampleRate = .one, down: SampleRate = .one
    ) {
        self.across = across
        self.down = down
        self.plane = plane
        self.offset = offset
        self.step = step
        self.size = size
    }

    /// The bytes of a row up to the channel's last.
    var rowBytes: Int { offset + (size.width - 1) * step + 1 }
}

/// What a picture's bytes mean. The samples of a subsampled channel lie in the middle of the pixels that share them.
public struct PixelLayout: Equatable, Sendable {
    /// What the channels are: brightness alone, Y with Cb and Cr by a matrix, or red, green and blue.
    public enum Colours: Equatable, Sendable {
        case grey
        case yCbCr(ColourMatrix)
        case rgb
    }

    /// Of the picture in pixels, whatever its channels have.
    public var size: PictureSize
    /// Also tells how many channels there are.
    public var colours: Colours
    /// Y, Cb and Cr, or red, green and blue; of grey the first alone.
    public var channels: InlineArray<3, PixelChannel>

    /// Nothing is checked here: whoever makes a view knows its bytes.
    public init(size: PictureSize, colours: Colours, channels: InlineArray<3, PixelChannel>) {
        self.size = size
        self.colours = colours
        self.channels = channels
    }

    public static func == (a: PixelLayout, b: PixelLayout) -> Bool {
        a.size == b.size && a.colours == b.colours && a.channels[0] == b.channels[0] && a.channels[1] == b.channels[1]
            && a.channels[2] == b.channels[2]
    }

    var channelCount: Int { colours == .grey ? 1 : 3 }
}

/// A picture in somebody else's memory, in whatever layout it came. Every row that the layout speaks of lies within its
/// plane: who makes a view has checked that.
public struct PixelView {
    /// Rows of bytes, for one channel or for several in turn.
    public struct Plane {
        /// The first row. Whoever made the view says how long it is valid.
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
