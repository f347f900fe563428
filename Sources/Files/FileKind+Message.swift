extension FileKind {
    /// What it is, with its article.
    public var name: StaticString {
        switch self {
        case .unknown: "a file of an unknown kind"
        case .empty: "empty"
        case .jpeg: "a JPEG"
        case .png: "a PNG"
        case .webP: "a WebP"
        case .avif: "an AVIF"
        case .heic: "a HEIC"
        case .gif: "a GIF"
        case .bmp: "a BMP"
        case .pnm: "a PPM or PGM"
        case .tiff: "a TIFF"
        case .jpegXL: "a JPEG XL"
        case .jpeg2000: "a JPEG 2000"
        case .photoshop: "a Photoshop file"
        case .svg: "an SVG"
        case .mp4: "an MP4 or QuickTime video"
        case .matroska: "a Matroska or WebM video"
        case .avi: "an AVI video"
        case .mpeg: "an MPEG video"
        case .flash: "a Flash video"
        case .windowsMedia: "a Windows Media video"
        case .ogg: "an Ogg file"
        case .h26x: "an H.264 or H.265 video"
        case .pdf: "a PDF"
        case .gguf: "a GGUF model"
        case .archive: "an archive"
        case .webPage: "a web page"
        case .gitLFS: "a pointer of Git LFS"
        case .text: "a text file"
        }
    }

    /// How to get a JPEG, or some, from `file`; nil where it is not known.
    public func fix(_ file: String) -> String? {
        switch self {
        case .unknown, .empty, .jpeg, .text: nil
        case .png, .webP, .avif, .heic, .gif, .bmp, .pnm, .tiff, .jpegXL, .jpeg2000, .photoshop, .svg:
            "convert it (magick \(file) new.jpg)"
        case .mp4, .matroska, .avi, .mpeg, .flash, .windowsMedia, .ogg, .h26x:
            "convert it (ffmpeg -i \(file) -c:v mjpeg -q:v 4 new.mjpeg)"
        case .pdf: "convert it (pdftoppm -jpeg \(file) page)"
        case .gguf: "give it as the model (--model)"
        case .archive: "unpack it first, if images are in it"
        case .webPage: "download the image itself"
        case .gitLFS: "fetch the file that it stands for (git lfs pull)"
        }
    }
}
