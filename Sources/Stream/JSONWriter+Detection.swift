extension JSONWriter {
    /// One object in an image of that size, or one segment, whose score is its share. The box comes in fractions of the
    /// image's sides and is written in pixels; what lies outside the image is cut off, and NaN becomes 0.
    public mutating func detection(
        classIndex: Int, label: ArraySlice<UInt8>, score: Float, left: Float, top: Float, right: Float, bottom: Float,
        width: Int, height: Int, isSegment: Bool = false
    ) {
        func pixels(_ fraction: Float, _ length: Int) -> Double {
            fraction > 0 ? Double(min(fraction, 1)) * Double(length) : 0
        }
        beginObject()
        fields(classIndex, label, isSegment ? "share" : "score", score)
        beginArray("box_px")
        decimal(pixels(left, width), decimals: 1)
        decimal(pixels(top, height), decimals: 1)
        decimal(pixels(right, width), decimals: 1)
        decimal(pixels(bottom, height), decimals: 1)
        endArray()
        endObject()
    }

    /// One class of a whole image.
    public mutating func classScore(classIndex: Int, label: ArraySlice<UInt8>, score: Float) {
        beginObject()
        fields(classIndex, label, "score", score)
        endObject()
    }

    private mutating func fields(_ classIndex: Int, _ label: ArraySlice<UInt8>, _ name: StaticString, _ score: Float) {
        integer("class", classIndex)
        key("label")
        string(label)
        decimal(name, Double(score), decimals: 4)
    }
}
