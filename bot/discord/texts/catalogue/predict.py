"""/predict and *Will it play?*."""

ENGLISH: dict[str, str] = {
    "predict.about": "Predict how well an image would do here",
    "predict.image": "The image: JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP",
    "predict.title": "The text that you would post it with",
    "predict.menu": "Will it play?",
    "predict.private": "Show the answer only to you",
    "predict.guess_first": "People are guessing on this image in this channel. Guess first under"
    " my reply, or press Skip there; then you see my prediction.",
    "predict.kept_secret": "My prediction for this image is secret until the votes are in: that"
    " shows what a public prediction does to the votes.",
    "predict.no_image": "There is no image in that message. I look at attached images, image"
    " links and embedded images.",
    "predict.only_video": "There is only a video in that message. I look at pictures: take a"
    " screenshot of the moment that counts.",
    "predict.only_files": "None of the files in that message is an image that I can read. I read"
    " JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF and BMP.",
    "predict.moving_sticker": "That sticker is a drawing in motion without a picture that I could"
    " look at.",
    "predict.no_preview": "Discord shows no picture for the link in that message, and I look only"
    " at pictures that Discord shows. Attach the image itself.",
    "predict.too_large": "The file is larger than {megabytes} MB; make it smaller and try again.",
    "predict.more_images": "That message has {total} images; these are the first {shown}.",
    "predict.not_arrived": "The image did not arrive from Discord. Try again in a minute.",
}
