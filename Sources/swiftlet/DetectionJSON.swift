/// Writes one image's result as a line of JSON.
func writeJSON(_ result: ImageResult, labels: [ArraySlice<UInt8>], to output: Output) {
    // A byte of text takes at most six (an escape), a number at most 24.
    var capacity = 256 + 6 * result.name.path.count
    for detection in result.detections { capacity += 256 + 6 * labels[Int(detection.classIndex)].count }
    var json = JSONWriter(capacity: capacity)
    json.beginObject()
    json.string("file", result.name.path)
    if let frame = result.name.frame {
        json.integer("frame", frame)
    }
    json.integer("width_px", result.size.width)
    json.integer("height_px", result.size.height)
    json.decimal("inference_ms", Double(result.inferenceNanoseconds) / 1e6, decimals: 3)
    json.beginArray("detections")
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
