-- name: PostsWithComments :many
SELECT posts.id, posts.title, array_agg(comments.body) AS bodies
FROM posts LEFT JOIN comments ON comments.post_id = posts.id
GROUP BY posts.id;
