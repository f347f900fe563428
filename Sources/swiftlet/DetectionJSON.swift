/// Writes one image's result as a line of JSON.
func writeJSON(_ result: ImageResult, labels: [[UInt8]], to output: Output) {
    // A byte of text takes at most six (an escape), a number at most 24.
    var capacity = 256 + 6 * result.name.path.count
    for detection in result.detections { capacity += 256 + 6 * labels[Int(detection.classIndex)].count }
    var json = JSONWriter(capacity: capacity)
    json.beginObject()
    json.key("file")
    json.string(result.name.path)
    if let frame = result.name.frame {
        json.key("frame")
        json.integer(frame)
    }
    json.key("width_px")
    json.integer(result.size.width)
    json.key("height_px")
    json.integer(result.size.height)
    json.key("inference_ms")
    json.decimal(Double(result.inferenceNanoseconds) / 1e6, decimals: 3)
    json.key("detections")
    json.beginArray()
    for detection in result.detections {
        let box = detection.box, classIndex = Int(detection.classIndex)
        json.detection(
            classIndex: classIndex, label: labels[classIndex], score: detection.score, left: box.left, top: box.top,
            right: box.right, bottom: box.bottom, width: result.size.width, height: result.size.height)
    }
    json.endArray()
    json.endObject()
    output.write(&json)
}
